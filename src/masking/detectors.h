// What private data look like, by the name of a place and by values in it.
#pragma once

#include <optional>
#include <string_view>

namespace summit::masking {

enum class Suspicion {
  kEmail,
  kPhone,
  kCard,
  kIban,
  kIp,
  kNationalId,
  kJwt,
  kPrivateKey,
  kCloudKey,
  kSecret,  // a name such as password, or a text of high entropy
  kPersonName,
  kBirthDate,
  kAddress,
  kEmbedding,  // computed from texts that may be private
};
// "e-mail address", "payment card": for people.
std::string_view name_of(Suspicion suspicion);

// By the words of the name, whatever the case and the separators: contactEmail, CONTACT_EMAIL, e-mail.
std::optional<Suspicion> suspect_name(std::string_view name);

// By what stands in the value, anywhere in it: texts, the insides of documents and arrays. Checked digits are
// recomputed, so that a long number is no card by chance in nine of ten cases. Looks at the first 64 KiB.
std::optional<Suspicion> suspect_value(std::string_view value);

// By what stands in a name that somebody chose for a column, label or index. Programs make such names of
// hashes, so that high entropy is no sign of a secret there.
std::optional<Suspicion> suspect_identifier(std::string_view name);

// By names that stand before values in a text of settings, whatever its format: `password: x`, `"token":
// "x"`, `phone = x`. Values that are numbers, switches, or put in elsewhere (${…}) do not count.
std::optional<Suspicion> suspect_settings(std::string_view text);

}  // namespace summit::masking
