// Proves without any key that what a packed backup needs is stored as it was: by the digests in its published
// view.
#pragma once

#include <string>

#include "repository/backup_repository.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

// Every object that <id>/CHECKSUMS lists, with a `fraction` a random part of the packs. Damage is a finding;
// an error is what prevents the proof. The list itself has no seal: it tells of rot, not of a forger.
// kNotFound when nothing is published under that id.
Result<VerifyReport> verify_view(storage::ObjectStore& store, const std::string& id,
                                 const VerifyOptions& options, Reporter& reporter,
                                 const Cancellation& cancellation = {});

}  // namespace summit::repository::packed
