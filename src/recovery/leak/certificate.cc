#include "recovery/leak/certificate.h"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>

namespace summit::recovery {
namespace {

using nlohmann::json;

constexpr std::string_view kFormat = "summit-dr leak certificate";
constexpr int kVersion = 1;

// The bytes that are signed: keys in the order of their bytes, no spaces, no escapes but those that JSON
// needs.
std::string canonical(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json to_json(const Certificate& certificate) {
  const auto& values = certificate.values;
  json searched = json::object();
  for (const auto& [store, counts] : certificate.searched)
    searched[store] = {{"elements", counts.elements}, {"bytes", counts.bytes}};
  return {{"format", kFormat},
          {"version", kVersion},
          {"restore", certificate.restore},
          {"backup", certificate.backup},
          {"environment", certificate.environment},
          {"issued", to_rfc3339(certificate.issued)},
          {"level", certificate.level},
          {"rules_sha256", certificate.rules_sha256},
          {"reduction_percent", certificate.reduction_percent},
          {"values",
           {{"anywhere", values.anywhere},
            {"own_place", values.own_place},
            {"not_sought", values.not_sought},
            {"also_stand_in", values.also_stand_in},
            {"canaries", values.canaries}}},
          {"searched", searched},
          {"not_searched", certificate.not_searched},
          {"weak_rules", certificate.weak_rules}};
}

Certificate from_json(const json& value) {
  Certificate certificate;
  certificate.restore = value.at("restore").get<std::string>();
  certificate.backup = value.at("backup").get<std::string>();
  certificate.environment = value.at("environment").get<std::string>();
  certificate.issued = from_rfc3339(value.at("issued").get<std::string>()).value_or(Instant{});
  certificate.level = value.at("level").get<std::string>();
  certificate.rules_sha256 = value.at("rules_sha256").get<std::string>();
  certificate.reduction_percent = value.at("reduction_percent").get<unsigned>();
  const auto& values = value.at("values");
  certificate.values = {.anywhere = values.at("anywhere").get<uint64_t>(),
                        .own_place = values.at("own_place").get<uint64_t>(),
                        .not_sought = values.at("not_sought").get<uint64_t>(),
                        .also_stand_in = values.at("also_stand_in").get<uint64_t>(),
                        .canaries = values.at("canaries").get<uint64_t>()};
  for (const auto& [store, counts] : value.at("searched").items())
    certificate.searched[store] = {.elements = counts.at("elements").get<uint64_t>(),
                                   .bytes = counts.at("bytes").get<uint64_t>()};
  certificate.not_searched = value.at("not_searched").get<std::vector<std::string>>();
  certificate.weak_rules = value.at("weak_rules").get<std::vector<std::string>>();
  return certificate;
}

Error not_a_certificate(std::string_view why) {
  return Error(Code::kCorrupt, "this is no valid certificate: {}", why)
      .hint("do not trust the target; restore again for a certificate of its own");
}

void each_operation(const config::Operation& operation,
                    const std::function<void(const config::Operation&)>& visit) {
  visit(operation);
  for (const auto& part : operation.parts) each_operation(part, visit);
}

void each_operation(const config::FieldRule& field,
                    const std::function<void(const config::Operation&)>& visit) {
  each_operation(field.set, visit);
  if (field.otherwise) each_operation(*field.otherwise, visit);
}

}  // namespace

Result<std::string> sign_certificate(const Certificate& certificate, const SigningKey& key) {
  const json content = to_json(certificate);
  ASSIGN_OR_RETURN(const auto signature, key.sign(canonical(content)), "while signing the certificate");
  const json whole{
      {"certificate", content},
      {"signature", {{"algorithm", "ed25519"}, {"public_key", key.public_hex()}, {"value", signature}}}};
  return whole.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<SignedCertificate> read_certificate(std::string_view text) {
  try {
    const auto whole = json::parse(text);
    const auto& content = whole.at("certificate");
    const auto& signature = whole.at("signature");
    if (content.at("format") != kFormat || content.at("version") != kVersion ||
        signature.at("algorithm") != "ed25519")
      return not_a_certificate("another format or version");
    SignedCertificate result;
    result.public_key = signature.at("public_key").get<std::string>();
    ASSIGN_OR_RETURN(const auto key, SigningKey::from_public_hex(result.public_key));
    if (!key.verify(canonical(content), signature.at("value").get<std::string>()))
      return not_a_certificate("the signature does not belong to what it says");
    result.certificate = from_json(content);
    return result;
  } catch (const json::exception&) {
    return not_a_certificate("a part of it is missing or of another kind");
  }
}

std::vector<std::string> weak_rules(const config::SanitizationRules& rules, config::Sanitization level) {
  std::vector<std::string> weak;
  for (const auto& rule : rules.rules) {
    if (level == config::Sanitization::kMinimal && rule.level != config::Sanitization::kMinimal) continue;
    for (const auto& field : rule.fields) {
      each_operation(field, [&](const config::Operation& operation) {
        if (operation.kind != config::Operation::Kind::kMd5) return;
        const auto text =
            fmt::format("{}.{}: MD5 with a public salt (line {})", describe(rule), field.field, field.line);
        if (weak.empty() || weak.back() != text) weak.push_back(text);
      });
    }
  }
  return weak;
}

std::vector<std::string> public_texts(const config::SanitizationRules& rules) {
  std::vector<std::string> texts;
  for (const auto& rule : rules.rules) {
    for (const auto& field : rule.fields) {
      each_operation(field, [&](const config::Operation& operation) {
        if (operation.kind == config::Operation::Kind::kConstant) texts.push_back(operation.text);
        for (const auto& piece : operation.pieces) {
          if (!piece.is_field) texts.push_back(piece.text);
        }
      });
    }
  }
  return texts;
}

}  // namespace summit::recovery
