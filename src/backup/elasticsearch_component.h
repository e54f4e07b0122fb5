// Records a search server as recoverable: its indexes are derived from the other stores and rebuilt, not restored.
#pragma once

#include <memory>
#include <string>

#include "backup/component.h"

namespace summit::backup {

// Writes no artifact; the record is absent with the command that rebuilds the indexes, and notes what they were.
std::unique_ptr<Component> make_elasticsearch_component(const config::ComponentSpec& spec,
                                                        const config::ElasticsearchEndpoint& endpoint, std::string name);

}  // namespace summit::backup
