// Elasticsearch in a backup: recorded as recoverable, never silently skipped.
//
// No artifact: the search indexes are rebuilt from the other stores. The record has status `absent`, the
// command that rebuilds them as its reason, and in its details what there was (version, indexes, documents),
// so that the rebuilt ones can be compared. A server that cannot be reached is no failure, because nothing is
// lost; the record says it.
#pragma once

#include <memory>
#include <string>

#include "backup/component.h"
#include "config/backup_set.h"
#include "config/endpoint.h"

namespace summit::backup {

std::unique_ptr<Component> make_elasticsearch_component(const config::ComponentSpec& spec,
                                                        const config::ElasticsearchEndpoint& endpoint,
                                                        std::string name);

}  // namespace summit::backup
