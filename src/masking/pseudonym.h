// Stand-ins for private values, from ranges that no real person, host or bank has.
//
//   e-mail  <token>@example.com                    RFC 2606 keeps the domain for examples
//   phone   +1-555-<9 to 40 digits>                555 is no area code; documented ones have 7 digits there
//   card    as many digits, in the same groups, with a right Luhn digit; the first is none that a bank has
//   IBAN    XX<check><country and account>         XX is no country; right modulo 97
//   IP      2001:db8::/32                          RFC 3849 keeps it for documentation
//   name    <given> <family> <token>
//
// The same text gives the same stand-in under the same key, whatever the store. Different texts give
// different ones: by construction for e-mail and name up to 39 bytes, numbers up to 20 digits, cards, IBANs
// and IPv4; for everything else by a keyed digest (128 bits; 80 for IPv6 and for what is no address). Empty
// stays empty. Page: docs/masking.md.
#pragma once

#include <string>
#include <string_view>

#include "config/sanitization.h"
#include "masking/keyed_cipher.h"

namespace summit::masking {

// One kind of stand-in under one key. One thread at a time.
class PseudonymMaker {
 public:
  static Result<PseudonymMaker> create(const Secret& key, config::Pseudonym kind);

  // Appends the stand-in of `text`. False when the library fails; nothing of `text` is appended then.
  [[nodiscard]] bool append(std::string_view text, std::string& out);

 private:
  PseudonymMaker(KeyedCipher cipher, config::Pseudonym kind) : cipher_(std::move(cipher)), kind_(kind) {}

  KeyedCipher cipher_;
  config::Pseudonym kind_;
};

}  // namespace summit::masking
