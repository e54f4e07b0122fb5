#include "storage/s3_bucket_xml.h"

#include <tinyxml2.h>

#include "core/text.h"
#include "storage/s3_xml.h"

namespace summit::storage {

namespace {

using tinyxml2::XMLDocument;
using tinyxml2::XMLElement;

constexpr std::string_view kNamespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

// The element at the end of a path such as "Filter/And/Prefix".
const XMLElement* find(const XMLElement* element, std::string_view path) {
  while (element != nullptr && !path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    element = element->FirstChildElement(std::string(path.substr(0, end)).c_str());
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return element;
}

std::string text_at(const XMLElement* element, std::string_view path) {
  const auto* found = find(element, path);
  const char* text = found == nullptr ? nullptr : found->GetText();
  return text == nullptr ? std::string() : text;
}

std::optional<int> number_at(const XMLElement* element, std::string_view path) {
  return parse_number<int>(text_at(element, path));
}

// A filter is written in one of three ways, of which the first is the oldest.
std::string prefix_of(const XMLElement* rule) {
  for (const char* path : {"Prefix", "Filter/Prefix", "Filter/And/Prefix"}) {
    if (const std::string prefix = text_at(rule, path); !prefix.empty()) return prefix;
  }
  return {};
}

Result<const XMLElement*> parse(XMLDocument& document, std::string_view text) {
  if (document.Parse(text.data(), text.size()) != tinyxml2::XML_SUCCESS ||
      document.RootElement() == nullptr) {
    return Error(Code::kFailed, "the server's answer is no xml");
  }
  return document.RootElement();
}

std::string printed(const XMLElement* element) {
  tinyxml2::XMLPrinter printer(nullptr, true);
  element->Accept(&printer);
  return printer.CStr();
}

std::string rule_document(const LifecycleRule& rule) {
  if (!rule.xml.empty()) return rule.xml;
  std::string text =
      fmt::format("<Rule><ID>{}</ID><Filter><Prefix>{}</Prefix></Filter><Status>{}</Status>",
                  xml_escaped(rule.id), xml_escaped(rule.prefix), rule.enabled ? "Enabled" : "Disabled");
  if (rule.transition_days) {
    text += fmt::format("<Transition><Days>{}</Days><StorageClass>{}</StorageClass></Transition>",
                        *rule.transition_days, xml_escaped(rule.transition_class));
  }
  if (rule.expire_days) text += fmt::format("<Expiration><Days>{}</Days></Expiration>", *rule.expire_days);
  if (rule.expire_old_versions_days) {
    text += fmt::format(
        "<NoncurrentVersionExpiration><NoncurrentDays>{}</NoncurrentDays></NoncurrentVersionExpiration>",
        *rule.expire_old_versions_days);
  }
  if (rule.abort_uploads_days) {
    text += fmt::format(
        "<AbortIncompleteMultipartUpload><DaysAfterInitiation>{}</DaysAfterInitiation></"
        "AbortIncompleteMultipartUpload>",
        *rule.abort_uploads_days);
  }
  return text + "</Rule>";
}

std::string rule_document(const ReplicationRule& rule) {
  std::string destination = fmt::format("<Bucket>{}</Bucket>", xml_escaped(rule.destination_bucket_arn));
  if (!rule.storage_class.empty()) {
    destination += fmt::format("<StorageClass>{}</StorageClass>", xml_escaped(rule.storage_class));
  }
  return fmt::format(
      "<Rule><ID>{}</ID><Priority>{}</Priority><Status>Enabled</Status><Filter><Prefix>{}</Prefix></Filter>"
      "<DeleteMarkerReplication><Status>{}</Status></DeleteMarkerReplication><Destination>{}</Destination></"
      "Rule>",
      xml_escaped(rule.id), rule.priority, xml_escaped(rule.prefix),
      rule.delete_markers ? "Enabled" : "Disabled", destination);
}

}  // namespace

std::string lifecycle_document(const std::vector<LifecycleRule>& rules) {
  std::string text = fmt::format("<LifecycleConfiguration {}>", kNamespace);
  for (const LifecycleRule& rule : rules) text += rule_document(rule);
  return text + "</LifecycleConfiguration>";
}

Result<std::vector<LifecycleRule>> parse_lifecycle(std::string_view document) {
  XMLDocument xml;
  ASSIGN_OR_RETURN(const auto* root, parse(xml, document));
  std::vector<LifecycleRule> rules;
  for (const auto* element = root->FirstChildElement("Rule"); element != nullptr;
       element = element->NextSiblingElement("Rule")) {
    LifecycleRule rule;
    rule.id = text_at(element, "ID");
    rule.prefix = prefix_of(element);
    rule.enabled = text_at(element, "Status") == "Enabled";
    rule.transition_days = number_at(element, "Transition/Days");
    rule.transition_class = text_at(element, "Transition/StorageClass");
    rule.expire_days = number_at(element, "Expiration/Days");
    rule.expire_old_versions_days = number_at(element, "NoncurrentVersionExpiration/NoncurrentDays");
    rule.abort_uploads_days = number_at(element, "AbortIncompleteMultipartUpload/DaysAfterInitiation");
    rule.xml = printed(element);
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::string replication_document(const Replication& replication) {
  std::string text = fmt::format("<ReplicationConfiguration {}><Role>{}</Role>", kNamespace,
                                 xml_escaped(replication.role_arn));
  for (const ReplicationRule& rule : replication.rules) text += rule_document(rule);
  return text + "</ReplicationConfiguration>";
}

Result<Replication> parse_replication(std::string_view document) {
  XMLDocument xml;
  ASSIGN_OR_RETURN(const auto* root, parse(xml, document));
  Replication replication;
  replication.role_arn = text_at(root, "Role");
  for (const auto* element = root->FirstChildElement("Rule"); element != nullptr;
       element = element->NextSiblingElement("Rule")) {
    ReplicationRule rule;
    rule.id = text_at(element, "ID");
    rule.prefix = prefix_of(element);
    rule.priority = number_at(element, "Priority").value_or(1);
    rule.destination_bucket_arn = text_at(element, "Destination/Bucket");
    rule.storage_class = text_at(element, "Destination/StorageClass");
    rule.delete_markers = text_at(element, "DeleteMarkerReplication/Status") == "Enabled";
    replication.rules.push_back(std::move(rule));
  }
  return replication;
}

std::string object_lock_document(const ObjectLock& lock) {
  std::string rule;
  if (lock.default_mode) {
    rule = fmt::format("<Rule><DefaultRetention><Mode>{}</Mode><Days>{}</Days></DefaultRetention></Rule>",
                       name_of(*lock.default_mode), lock.default_days);
  }
  return fmt::format(
      "<ObjectLockConfiguration "
      "{}><ObjectLockEnabled>Enabled</ObjectLockEnabled>{}</ObjectLockConfiguration>",
      kNamespace, rule);
}

Result<ObjectLock> parse_object_lock(std::string_view document) {
  XMLDocument xml;
  ASSIGN_OR_RETURN(const auto* root, parse(xml, document));
  ObjectLock lock;
  lock.enabled = text_at(root, "ObjectLockEnabled") == "Enabled";
  const auto* retention = find(root, "Rule/DefaultRetention");
  if (retention == nullptr) return lock;
  lock.default_mode =
      text_at(retention, "Mode") == "COMPLIANCE" ? LockMode::kCompliance : LockMode::kGovernance;
  lock.default_days = number_at(retention, "Days").value_or(365 * number_at(retention, "Years").value_or(0));
  return lock;
}

}  // namespace summit::storage
