#include "core/http.h"

#include <curl/curl.h>

#include <cstdlib>
#include <utility>

#include "core/text.h"
#include "core/time.h"

namespace summit {

namespace {

using Clock = std::chrono::steady_clock;

// Kept in memory at most; larger answers are streamed.
constexpr uint64_t kBodyLimit = 64 * MiB;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

using Consume = std::function<Result<void>(ByteView)>;

// One request on its way: what libcurl's callbacks work on.
struct Transfer {
  const HttpRequest& request;
  const Consume* consume = nullptr;  // none: the body is kept
  const Cancellation& cancellation;
  CURL* handle = nullptr;
  HttpResponse response{};
  std::optional<Error> failure{};  // ours, when a callback ended the transfer
  curl_off_t bytes_moved = 0;
  Clock::time_point last_progress = Clock::now();

  void take_header_line(std::string_view line) {
    if (line.starts_with("HTTP/")) {
      // The answer after a redirect or an interim one begins anew.
      response.headers.clear();
      return;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    response.headers[to_lower(line.substr(0, colon))] = std::string(trimmed(line.substr(colon + 1)));
  }

  Result<void> take_body(ByteView block) {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    if (consume != nullptr && status >= 200 && status < 300) return (*consume)(block);
    if (response.body.size() + block.size() > kBodyLimit) {
      return Error(Code::kFailed, "the answer is larger than {}", human_bytes(kBodyLimit));
    }
    response.body += as_text(block);
    return {};
  }

  Result<void> note_progress(curl_off_t total) {
    RETURN_IF_ERROR(cancellation.check());
    const auto now = Clock::now();
    if (std::exchange(bytes_moved, total) != total) last_progress = now;
    if (now - last_progress > request.stall_timeout) {
      return Error(Code::kTimeout, "nothing came for {}", human_duration(request.stall_timeout));
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
  const auto take = [&] { return transfer.take_body(as_bytes({data, size})); };
  return succeeds(transfer, take) ? size : 0;
}

int on_progress(void* context, curl_off_t, curl_off_t downloaded, curl_off_t, curl_off_t uploaded) noexcept {
  auto& transfer = *static_cast<Transfer*>(context);
  return succeeds(transfer, [&] { return transfer.note_progress(downloaded + uploaded); }) ? 0 : 1;
}

// The address for messages: what may carry a password, the user part and the query, left out.
std::string printable(const std::string& address) {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  char* text = nullptr;
  if (!url || curl_url_set(url.get(), CURLUPART_URL, address.c_str(), 0) != CURLUE_OK)
    return "a malformed address";
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    curl_url_set(url.get(), part, nullptr, 0);
  }
  if (curl_url_get(url.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) return "a malformed address";
  std::string printed(text);
  curl_free(text);
  return printed;
}

bool has_header(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (equals_ignoring_case(key, name)) return true;
  }
  return false;
}

// A redirect is followed only by a request that carries nothing another host should not see.
bool may_be_redirected(const HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return false;
  if (request.basic_auth || request.url.find('@') != std::string::npos) return false;
  for (const auto& [name, value] : request.headers) {
    if (!equals_ignoring_case(name, "accept") && !equals_ignoring_case(name, "user-agent")) return false;
  }
  return true;
}

using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void append(HeaderList& list, const std::string& line) {
  curl_slist* extended = curl_slist_append(list.get(), line.c_str());
  if (extended == nullptr) throw std::bad_alloc();
  // Only the first line makes a new head.
  if (!list) list.reset(extended);
}

HeaderList header_lines(const HttpRequest& request) {
  HeaderList list;
  for (const auto& [name, value] : request.headers)
    append(list, value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  // Headers that libcurl would add by itself: a wait before sending a body, and a type that the body does not
  // have.
  append(list, "Expect:");
  if (!has_header(request, "content-type")) append(list, "Content-Type:");
  return list;
}

void set_method_and_body(CURL* handle, const HttpRequest& request) {
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET" || !request.body.empty()) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void set_limits(CURL* handle, const HttpRequest& request) {
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, may_be_redirected(request) ? 1L : 0L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(handle, CURLOPT_NOPROXY, hosts_without_proxy().c_str());
}

void set_credentials(CURL* handle, const HttpRequest& request) {
  if (!request.basic_auth) return;
  curl_easy_setopt(handle, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  curl_easy_setopt(handle, CURLOPT_USERNAME, request.basic_auth->first.c_str());
  curl_easy_setopt(handle, CURLOPT_PASSWORD, request.basic_auth->second.reveal().c_str());
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

Error error_of(CURLcode code, const HttpRequest& request) {
  const std::string address = printable(request.url);
  const char* reason = curl_easy_strerror(code);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Error(Code::kUsage, "{} is no address for http: {}", address, to_lower(reason));
    case CURLE_OPERATION_TIMEDOUT:
      return Error(Code::kTimeout, "{} did not take the connection within {}", address,
                   human_duration(request.connect_timeout));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
      return Error(Code::kDenied, "{} shows a certificate that is not trusted here", address)
          .hint("install the authority that signed it, or name its file in SSL_CERT_FILE");
    case CURLE_LOGIN_DENIED:
    case CURLE_REMOTE_ACCESS_DENIED:
      return Error(Code::kDenied, "{} denies access: {}", address, to_lower(reason));
    case CURLE_COULDNT_RESOLVE_HOST:
      return Error(Code::kUnreachable, "the host of {} is not known", address);
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Error(Code::kUnreachable, "the proxy for {} is not known", address).hint("look at http_proxy");
    case CURLE_COULDNT_CONNECT:
      return Error(Code::kUnreachable, "nothing listens at {}", address);
    case CURLE_OUT_OF_MEMORY:
      return Error(Code::kFailed, "out of memory");
    default:
      return Error(Code::kUnreachable, "{} did not answer: {}", address, to_lower(reason));
  }
}

bool initialise_library() { return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK; }

}  // namespace

std::string hosts_without_proxy() {
  std::string hosts = "localhost,127.0.0.0/8,127.0.0.1,::1";
  for (const char* name : {"no_proxy", "NO_PROXY"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    // A star stands for every host only when it stands alone.
    if (std::string_view(value) == "*") return "*";
    return hosts + "," + value;
  }
  return hosts;
}

struct HttpClient::State {
  std::unique_ptr<CURL, FreeHandle> handle;

  Result<HttpResponse> perform(const HttpRequest& request, const Consume* consume,
                               const Cancellation& cancellation) {
    if (!handle) return Error(Code::kFailed, "the http library does not start");
    RETURN_IF_ERROR(cancellation.check(), "{} {}", request.method, printable(request.url));
    // Connections survive a reset; options, and with them the last password, do not.
    curl_easy_reset(handle.get());
    Transfer transfer{request, consume, cancellation, handle.get()};
    const HeaderList headers = header_lines(request);
    curl_easy_setopt(handle.get(), CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    set_limits(handle.get(), request);
    set_method_and_body(handle.get(), request);
    set_credentials(handle.get(), request);
    set_callbacks(handle.get(), transfer);

    const CURLcode code = curl_easy_perform(handle.get());
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &transfer.response.status);
    curl_easy_reset(handle.get());
    if (transfer.failure) {
      return std::move(*transfer.failure).at(fmt::format("{} {}", request.method, printable(request.url)));
    }
    if (code != CURLE_OK) return error_of(code, request);
    return std::move(transfer.response);
  }
};

HttpClient::HttpClient() : state_(std::make_unique<State>()) {
  static const bool ready = initialise_library();
  if (ready) state_->handle.reset(curl_easy_init());
}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Result<HttpResponse> HttpClient::send(const HttpRequest& request, const Cancellation& cancellation) {
  return state_->perform(request, nullptr, cancellation);
}

Result<HttpResponse> HttpClient::stream(const HttpRequest& request, const Consume& consume,
                                        const Cancellation& cancellation) {
  return state_->perform(request, &consume, cancellation);
}

}  // namespace summit
