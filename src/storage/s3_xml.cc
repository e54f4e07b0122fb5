#include "storage/s3_xml.h"

#include <tinyxml2.h>

#include "core/bytes.h"
#include "core/text.h"

namespace summit::storage {

namespace {

using tinyxml2::XMLDocument;
using tinyxml2::XMLElement;

// Names may carry a namespace prefix.
bool is_named(const XMLElement* element, std::string_view name) {
  std::string_view own = element->Name();
  if (const size_t colon = own.find(':'); colon != std::string_view::npos) own.remove_prefix(colon + 1);
  return own == name;
}

const XMLElement* child(const XMLElement* parent, std::string_view name) {
  if (parent == nullptr) return nullptr;
  for (const auto* element = parent->FirstChildElement(); element != nullptr;
       element = element->NextSiblingElement()) {
    if (is_named(element, name)) return element;
  }
  return nullptr;
}

std::string text_of(const XMLElement* parent, std::string_view name) {
  const auto* element = child(parent, name);
  const char* text = element == nullptr ? nullptr : element->GetText();
  return text == nullptr ? std::string() : text;
}

Result<std::string> url_decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      std::string byte;
      if (i + 2 >= text.size() || !from_hex(text.substr(i + 1, 2), byte)) {
        return Error(Code::kFailed, "the server lists a malformed key");
      }
      decoded += byte;
      i += 2;
    }
  }
  return decoded;
}

Result<const XMLElement*> parse(XMLDocument& document, std::string_view body, std::string_view root_name) {
  document.Parse(body.data(), body.size());
  const auto* root = document.RootElement();
  if (document.Error() || root == nullptr || !is_named(root, root_name)) {
    return Error(Code::kFailed, "the server's answer is no {}", root_name)
        .hint("check that AWS_ENDPOINT_URL names an S3 server");
  }
  return root;
}

Result<ObjectInfo> object_of(const XMLElement* element) {
  ObjectInfo info;
  ASSIGN_OR_RETURN(info.key, url_decoded(text_of(element, "Key")));
  const auto size = parse_number<uint64_t>(text_of(element, "Size"));
  const auto modified = from_rfc3339(text_of(element, "LastModified"));
  if (!size || !modified) {
    return Error(Code::kFailed, "the server lists {} without size or time", info.key);
  }
  info.size = *size;
  info.modified = *modified;
  return info;
}

}  // namespace

S3ErrorBody parse_error(std::string_view body) {
  XMLDocument document;
  const auto root = parse(document, body, "Error");
  if (!root.ok()) return {};
  return {text_of(*root, "Code"), text_of(*root, "Message"), text_of(*root, "Region"),
          text_of(*root, "ServerTime")};
}

Result<S3Listing> parse_listing(std::string_view body) {
  XMLDocument document;
  ASSIGN_OR_RETURN(const auto* root, parse(document, body, "ListBucketResult"));
  S3Listing listing;
  listing.truncated = text_of(root, "IsTruncated") == "true";
  for (const auto* element = root->FirstChildElement(); element != nullptr;
       element = element->NextSiblingElement()) {
    if (!is_named(element, "Contents")) continue;
    ASSIGN_OR_RETURN(ObjectInfo info, object_of(element));
    listing.objects.push_back(std::move(info));
  }
  return listing;
}

Result<S3PendingUploads> parse_pending_uploads(std::string_view body) {
  XMLDocument document;
  ASSIGN_OR_RETURN(const auto* root, parse(document, body, "ListMultipartUploadsResult"));
  S3PendingUploads pending;
  pending.truncated = text_of(root, "IsTruncated") == "true";
  pending.next_key = text_of(root, "NextKeyMarker");
  pending.next_id = text_of(root, "NextUploadIdMarker");
  for (const auto* element = root->FirstChildElement(); element != nullptr;
       element = element->NextSiblingElement()) {
    if (!is_named(element, "Upload")) continue;
    const auto begun = from_rfc3339(text_of(element, "Initiated"));
    if (!begun) return Error(Code::kFailed, "the server lists an upload without its time");
    pending.uploads.push_back({text_of(element, "Key"), text_of(element, "UploadId"), *begun});
  }
  return pending;
}

std::string xml_text(std::string_view body, std::string_view path) {
  XMLDocument document;
  document.Parse(body.data(), body.size());
  const XMLElement* element = document.RootElement();
  while (element != nullptr && path.find('/') != std::string_view::npos) {
    element = child(element, path.substr(0, path.find('/')));
    path.remove_prefix(path.find('/') + 1);
  }
  return text_of(element, path);
}

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace summit::storage
