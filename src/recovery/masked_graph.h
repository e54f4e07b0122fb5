// The graph of a backup in a scratch server, from which it is read masked. Nothing of it leaves the restore's
// workspace, which lies with the backups, as it was.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/fingerprint.h"
#include "recovery/component.h"
#include "recovery/graph_mask.h"
#include "recovery/graph_store.h"
#include "scratch/neo4j_scratch.h"

namespace summit::recovery {

// One thread at a time.
class MaskedGraph {
 public:
  // Loads a dump or a graph file; `context.masking` is set.
  static Result<MaskedGraph> open(const GraphStoreOptions& options, const repository::ComponentRecord& record,
                                  RestoreContext& context);

  // Gives the masked graph once, as a graph file. kRefused at its end when something that looks private
  // passed without a rule.
  Result<void> read(const std::function<Result<void>(ByteView)>& consume);
  // The same by a mask of the caller's, who asks it what passed; as often as wanted.
  Result<void> read(neo4j::GraphRewriter& mask, const std::function<Result<void>(ByteView)>& consume);
  // Of what read() gave.
  const std::vector<Fingerprint>& fingerprints() const { return fingerprints_; }

 private:
  MaskedGraph(TemporaryDirectory directory, scratch::Neo4jScratch server, std::string store,
              RestoreContext& context)
      : directory_(std::move(directory)),
        server_(std::move(server)),
        store_(std::move(store)),
        context_(&context) {}

  TemporaryDirectory directory_;  // outlives the server
  scratch::Neo4jScratch server_;
  std::string store_;
  RestoreContext* context_;
  std::vector<Fingerprint> fingerprints_;
};

}  // namespace summit::recovery
