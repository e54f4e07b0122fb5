#include "storage/aws_signer.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <new>
#include <optional>

#include "core/digest.h"
#include "core/text.h"

namespace summit::storage {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

Secret hmac_sha256(const Secret& key, std::string_view text) {
  std::string digest(32, '\0');
  unsigned size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  auto* out = reinterpret_cast<unsigned char*>(digest.data());
  if (HMAC(EVP_sha256(), key.reveal().data(), static_cast<int>(key.reveal().size()), data, text.size(), out,
           &size) == nullptr) {
    throw std::bad_alloc();
  }
  return Secret(std::move(digest));
}

// Without blanks on both sides, and with one for each run of them.
std::string canonical_value(std::string_view value) {
  std::string canonical;
  for (const char c : trimmed(value)) {
    if (c != ' ' || canonical.empty() || canonical.back() != ' ') canonical += c;
  }
  return canonical;
}

std::string signed_headers(const SignedParts& request) {
  std::string names;
  for (const auto& [name, value] : request.headers) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

std::string canonical_request(const SignedParts& request) {
  std::string headers;
  for (const auto& [name, value] : request.headers) {
    headers += fmt::format("{}:{}\n", name, canonical_value(value));
  }
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, percent_encoded(request.path, true),
                     canonical_query(request.query), headers, signed_headers(request),
                     request.payload_sha256);
}

}  // namespace

std::string percent_encoded(std::string_view text, bool keep_slashes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos || (c == '/' && keep_slashes)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4];
    encoded += kDigits[byte & 15];
  }
  return encoded;
}

std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  encoded.reserve(query.size());
  for (const auto& [name, value] : query) {
    encoded.emplace_back(percent_encoded(name, false), percent_encoded(value, false));
  }
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded) {
    if (!text.empty()) text += '&';
    text += fmt::format("{}={}", name, value);
  }
  return text;
}

void sign(SignedParts& request, const AwsCredentials& credentials, const SigningScope& scope, Instant when) {
  const std::string timestamp = to_compact(when);
  const std::string day = timestamp.substr(0, 8);
  request.headers["x-amz-date"] = timestamp;
  if (!credentials.session_token.empty()) {
    request.headers["x-amz-security-token"] = credentials.session_token.reveal();
  }

  const std::string credential_scope = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, timestamp, credential_scope,
                                          to_hex(sha256(as_bytes(canonical_request(request)))));

  Secret key("AWS4" + credentials.secret_access_key.reveal());
  for (const std::string_view part : {std::string_view(day), std::string_view(scope.region),
                                      std::string_view(scope.service), std::string_view("aws4_request")}) {
    key = hmac_sha256(key, part);
  }
  const std::string signature = to_hex(as_bytes(hmac_sha256(key, to_sign).reveal()));
  request.headers["authorization"] =
      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                  credentials.access_key_id, credential_scope, signed_headers(request), signature);
}

}  // namespace summit::storage
