// HTTP requests over libcurl whose bodies are neither copied nor kept whole, on connections that are reused.
//
// What core/http.h does not do, because only object storage needs it: many requests at once, bodies from
// memory that is not ours, a shared bandwidth limit, a CA bundle of its own.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "core/time.h"

namespace summit::storage {

struct TransportSettings {
  std::filesystem::path ca_bundle{};  // PEM; empty: the system's
  std::chrono::milliseconds connect_timeout{10000};
  // Without a byte in either direction for this long a request fails; a long, flowing one never does.
  std::chrono::milliseconds stall_timeout{60000};
  uint64_t bytes_per_second = 0;  // in both directions together; 0: no limit
};

struct WireResponse {
  long status = 0;
  std::map<std::string, std::string> headers{};  // names in lower case
  std::string body{};                            // what was not streamed; at most 16 MiB

  // Empty when absent.
  std::string header(const std::string& name) const;
};

struct WireRequest {
  std::string method = "GET";
  std::string url;
  std::map<std::string, std::string> headers{};
  ByteView body{};  // must outlive the request
  // Gets the body of a 2xx answer as it arrives, with the status and headers. Its error ends the request.
  std::function<Result<void>(const WireResponse&, ByteView)> consume{};
};

// Thread-safe. Follows no redirect: a signed request is meant for one host.
class HttpTransport {
 public:
  explicit HttpTransport(const TransportSettings& settings);
  ~HttpTransport();

  // Any HTTP status is an answer. kUnreachable or kTimeout when none came or it broke off; kDenied for a
  // certificate that is not trusted; kUsage for a malformed address. Messages name host and path, never the
  // query.
  Result<WireResponse> send(const WireRequest& request, const Cancellation& cancellation = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "Sat, 21 Nov 2026 06:53:36 GMT"; nothing when the text is no such time.
std::optional<Instant> parse_http_date(const std::string& text);

}  // namespace summit::storage
