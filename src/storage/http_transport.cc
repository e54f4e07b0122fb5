#include "storage/http_transport.h"

#include <curl/curl.h>

#include <cstring>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "core/http.h"
#include "core/text.h"
#include "core/time.h"
#include "storage/bandwidth_limit.h"

namespace summit::storage {

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kBodyLimit = 16 * MiB;
constexpr long kBuffer = 256 * KiB;
// The addresses where clouds give credentials to their machines and containers: no proxy reaches them.
constexpr std::string_view kLinkLocal =
    "169.254.169.254,169.254.170.2,169.254.170.23,fd00:ec2::254,fd00:ec2::23";

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;
using Handle = std::unique_ptr<CURL, FreeHandle>;

bool initialise_library() { return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK; }

std::string direct_hosts() {
  const std::string hosts = hosts_without_proxy();
  return hosts == "*" ? hosts : fmt::format("{},{}", hosts, kLinkLocal);
}

std::string printable(const std::string& url) { return url.substr(0, url.find('?')); }

// One request on its way: what libcurl's callbacks work on.
struct Transfer {
  const WireRequest& request;
  const TransportSettings& settings;
  BandwidthLimit& limit;
  const Cancellation& cancellation;
  CURL* handle = nullptr;
  WireResponse response{};
  size_t sent = 0;
  std::optional<Error> failure{};  // ours, when a callback ended the transfer
  curl_off_t bytes_moved = 0;
  Clock::time_point last_progress = Clock::now();

  void take_header_line(std::string_view line) {
    if (line.starts_with("HTTP/")) {
      // The final answer after an interim one begins anew.
      response.headers.clear();
      return;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    response.headers[to_lower(line.substr(0, colon))] = std::string(trimmed(line.substr(colon + 1)));
  }

  Result<void> take_body(ByteView block) {
    RETURN_IF_ERROR(limit.take(block.size(), cancellation));
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response.status);
    if (request.consume && response.status >= 200 && response.status < 300) {
      RETURN_IF_ERROR(request.consume(response, block));
    } else if (response.body.size() + block.size() > kBodyLimit) {
      return Error(Code::kFailed, "the answer is larger than {}", human_bytes(kBodyLimit));
    } else {
      response.body += as_text(block);
    }
    // The time that the consumer and the limit took is not the server's.
    last_progress = Clock::now();
    return {};
  }

  Result<size_t> give_body(char* buffer, size_t capacity) {
    const size_t size = std::min(capacity, request.body.size() - sent);
    RETURN_IF_ERROR(limit.take(size, cancellation));
    std::memcpy(buffer, request.body.data() + sent, size);
    sent += size;
    last_progress = Clock::now();
    return size;
  }

  Result<void> note_progress(curl_off_t total) {
    RETURN_IF_ERROR(cancellation.check());
    const auto now = Clock::now();
    if (std::exchange(bytes_moved, total) != total) last_progress = now;
    if (now - last_progress > settings.stall_timeout) {
      return Error(Code::kTimeout, "nothing moved for {}", human_duration(settings.stall_timeout));
    }
    return {};
  }
};

// Callbacks are called by C code, so nothing may be thrown through them.
template <typename Action>
bool succeeds(Transfer& transfer, Action action) noexcept {
  try {
    Result<void> result = action();
    if (result.ok()) return true;
    transfer.failure = std::move(result).error();
  } catch (const std::exception& exception) {
    transfer.failure = Error(Code::kFailed, "{}", exception.what());
  }
  return false;
}

size_t on_header(char* data, size_t, size_t size, void* context) noexcept {
  auto& transfer = *static_cast<Transfer*>(context);
  const auto take = [&]() -> Result<void> {
    transfer.take_header_line({data, size});
    return {};
  };
  return succeeds(transfer, take) ? size : 0;
}

size_t on_body(char* data, size_t, size_t size, void* context) noexcept {
  auto& transfer = *static_cast<Transfer*>(context);
  return succeeds(transfer, [&] { return transfer.take_body(as_bytes({data, size})); }) ? size : 0;
}

size_t on_read(char* buffer, size_t, size_t capacity, void* context) noexcept {
  auto& transfer = *static_cast<Transfer*>(context);
  size_t size = 0;
  const auto give = [&]() -> Result<void> {
    ASSIGN_OR_RETURN(size, transfer.give_body(buffer, capacity));
    return {};
  };
  return succeeds(transfer, give) ? size : CURL_READFUNC_ABORT;
}

// A connection that was kept and turns out dead is replaced by libcurl itself, which then sends from the
// start.
int on_seek(void* context, curl_off_t offset, int origin) noexcept {
  auto& transfer = *static_cast<Transfer*>(context);
  if (origin != SEEK_SET || offset < 0 || static_cast<size_t>(offset) > transfer.request.body.size()) {
    return CURL_SEEKFUNC_FAIL;
  }
  transfer.sent = static_cast<size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

int on_progress(void* context, curl_off_t, curl_off_t downloaded, curl_off_t, curl_off_t uploaded) noexcept {
  auto& transfer = *static_cast<Transfer*>(context);
  return succeeds(transfer, [&] { return transfer.note_progress(downloaded + uploaded); }) ? 0 : 1;
}

void append(HeaderList& list, const std::string& line) {
  curl_slist* extended = curl_slist_append(list.get(), line.c_str());
  if (extended == nullptr) throw std::bad_alloc();
  // Only the first line makes a new head.
  if (!list) list.reset(extended);
}

HeaderList header_lines(const WireRequest& request) {
  HeaderList list;
  for (const auto& [name, value] : request.headers) {
    append(list, value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  }
  // What libcurl would add by itself: a wait before sending a body, and a type that the body does not have.
  append(list, "Expect:");
  if (!request.headers.contains("content-type")) append(list, "Content-Type:");
  return list;
}

void set_method_and_body(CURL* handle, Transfer& transfer) {
  const WireRequest& request = transfer.request;
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  const bool has_body = request.method == "PUT" || request.method == "POST";
  if (has_body) {
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(handle, CURLOPT_READDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(handle, CURLOPT_SEEKDATA, &transfer);
  }
  if (request.method != "GET" && request.method != "PUT") {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void set_connection(CURL* handle, const TransportSettings& settings) {
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, kBuffer);
  curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, kBuffer);
  curl_easy_setopt(handle, CURLOPT_NOPROXY, direct_hosts().c_str());
  if (!settings.ca_bundle.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, settings.ca_bundle.c_str());
}

void set_callbacks(CURL* handle, Transfer& transfer) {
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
}

Error error_of(CURLcode code, const WireRequest& request, const TransportSettings& settings) {
  const std::string address = printable(request.url);
  const std::string reason = to_lower(curl_easy_strerror(code));
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Error(Code::kUsage, "{} is no address for http: {}", address, reason);
    case CURLE_OPERATION_TIMEDOUT:
      return Error(Code::kTimeout, "{} did not take the connection within {}", address,
                   human_duration(settings.connect_timeout));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
      return Error(Code::kDenied, "{} shows a certificate that is not trusted here", address)
          .hint("name the file of the authority that signed it in AWS_CA_BUNDLE");
    case CURLE_SSL_CACERT_BADFILE:
      return Error(Code::kConfig, "{} holds no certificates", settings.ca_bundle.string())
          .hint("look at AWS_CA_BUNDLE");
    case CURLE_COULDNT_RESOLVE_HOST:
      return Error(Code::kUnreachable, "the host of {} is not known", address)
          .hint("look at AWS_ENDPOINT_URL, AWS_REGION and the name of the bucket");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Error(Code::kUnreachable, "the proxy for {} is not known", address).hint("look at https_proxy");
    case CURLE_COULDNT_CONNECT:
      return Error(Code::kUnreachable, "nothing listens at {}", address);
    case CURLE_OUT_OF_MEMORY:
      return Error(Code::kFailed, "out of memory");
    default:
      return Error(Code::kUnreachable, "the connection to {} broke: {}", address, reason);
  }
}

}  // namespace

std::string WireResponse::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

std::optional<Instant> parse_http_date(const std::string& text) {
  const time_t date = curl_getdate(text.c_str(), nullptr);
  if (date < 0) return std::nullopt;
  return Instant(std::chrono::seconds(date));
}

struct HttpTransport::State {
  explicit State(const TransportSettings& given) : settings(given), limit(given.bytes_per_second) {}

  TransportSettings settings;
  BandwidthLimit limit;
  std::mutex mutex;
  std::vector<Handle> idle;  // each with the connections that it used; the last used is used next

  Handle take_handle() {
    static const bool ready = initialise_library();
    const std::lock_guard lock(mutex);
    if (!ready) return {};
    if (idle.empty()) return Handle(curl_easy_init());
    Handle handle = std::move(idle.back());
    idle.pop_back();
    return handle;
  }

  void give_back(Handle handle) {
    // Connections survive a reset; options, and with them signed headers, do not.
    curl_easy_reset(handle.get());
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(handle));
  }
};

HttpTransport::HttpTransport(const TransportSettings& settings) : state_(std::make_unique<State>(settings)) {}
HttpTransport::~HttpTransport() = default;

Result<WireResponse> HttpTransport::send(const WireRequest& request, const Cancellation& cancellation) {
  RETURN_IF_ERROR(cancellation.check());
  Handle handle = state_->take_handle();
  if (!handle) return Error(Code::kFailed, "the http library does not start");
  Transfer transfer{request, state_->settings, state_->limit, cancellation, handle.get()};
  const HeaderList headers = header_lines(request);
  curl_easy_setopt(handle.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  set_connection(handle.get(), state_->settings);
  set_method_and_body(handle.get(), transfer);
  set_callbacks(handle.get(), transfer);

  const CURLcode code = curl_easy_perform(handle.get());
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &transfer.response.status);
  state_->give_back(std::move(handle));
  if (transfer.failure) {
    return std::move(*transfer.failure).at(fmt::format("{} {}", request.method, printable(request.url)));
  }
  if (code != CURLE_OK) return error_of(code, request, state_->settings);
  return std::move(transfer.response);
}

}  // namespace summit::storage
