// What a leak check attests about a masked restore. Format: docs/formats/certificate.md.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/sanitization.h"
#include "core/result.h"
#include "core/time.h"
#include "masking/leak/replaced_table.h"
#include "recovery/leak/leak_report.h"
#include "recovery/leak/signing_key.h"

namespace summit::recovery {

struct Certificate {
  std::string restore;      // "restore-20261121T031048Z"
  std::string backup;       // its id
  std::string environment;  // the target
  Instant issued{};
  std::string level;         // "minimal" or "full"
  std::string rules_sha256;  // of config/sanitization.yaml, byte for byte, as it was when masking began
  unsigned reduction_percent = 100;
  masking::ReplacedCounts values;
  std::map<std::string, LeakCounts> searched;  // by store
  std::vector<std::string> not_searched;
  std::vector<std::string> weak_rules;

  friend bool operator==(const Certificate&, const Certificate&) = default;
};

// JSON with the signature, ending in a line end.
Result<std::string> sign_certificate(const Certificate& certificate, const SigningKey& key);

struct SignedCertificate {
  Certificate certificate;
  std::string public_key;  // as it says itself; 64 hexadecimal digits
};
// kCorrupt when it is no certificate, or not the one that was signed. Whose key it was is the caller's to
// compare.
Result<SignedCertificate> read_certificate(std::string_view json);

// The rules that somebody may undo without the environment's key: MD5 with a public salt.
std::vector<std::string> weak_rules(const config::SanitizationRules& rules, config::Sanitization level);

// What rules write themselves: constants and the texts of templates.
std::vector<std::string> public_texts(const config::SanitizationRules& rules);

}  // namespace summit::recovery
