#include "storage/s3_download.h"

#include "core/text.h"

namespace summit::storage {

namespace {

// "bytes 5-9/100".
struct ContentRange {
  uint64_t begin = 0;
  uint64_t total = 0;
};
std::optional<ContentRange> parse_content_range(std::string_view text) {
  if (!text.starts_with("bytes ")) return std::nullopt;
  text.remove_prefix(6);
  const size_t dash = text.find('-');
  const size_t slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos) return std::nullopt;
  const auto begin = parse_number<uint64_t>(text.substr(0, dash));
  const auto total = parse_number<uint64_t>(text.substr(slash + 1));
  if (!begin || !total) return std::nullopt;
  return ContentRange{*begin, *total};
}

class Download {
 public:
  Download(S3Client& client, const std::string& key, ByteRange range,
           const std::function<Result<void>(ByteView)>& consume, const Cancellation& cancellation)
      : client_(client),
        range_(range),
        consume_(consume),
        cancellation_(cancellation),
        position_(range.offset) {
    request_.key = key;
    request_.consume = [this](const WireResponse& response, ByteView block) { return take(response, block); };
    if (range_.length) end_ = range_.offset + *range_.length;
  }

  Result<void> run() {
    if (range_.length && *range_.length == 0) return settle_against_size();
    Backoff backoff(client_.settings().retry);
    while (true) {
      const uint64_t before = position_;
      prepare();
      S3Attempt attempt = client_.attempt(request_, cancellation_);
      if (verdict_) return std::move(*verdict_);
      if (attempt.outcome.ok() && attempt.outcome->ok()) return check_end(*attempt.outcome);
      if (!attempt.worth_repeating) return refused(std::move(attempt.outcome));
      if (position_ > before) backoff.reset();
      ASSIGN_OR_RETURN(const bool again, backoff.wait(attempt.server_wish, cancellation_));
      if (!again) return refused(std::move(attempt.outcome));
    }
  }

 private:
  void prepare() {
    first_block_ = true;
    request_.headers.clear();
    if (position_ > 0 || end_) {
      request_.headers["range"] =
          end_ ? fmt::format("bytes={}-{}", position_, *end_ - 1) : fmt::format("bytes={}-", position_);
    }
    // From the first byte on, all are of one version.
    if (!etag_.empty()) request_.headers["if-match"] = etag_;
  }

  // An error that is ours or the consumer's, and must not be taken for the network's.
  Error final_error(Error error) {
    verdict_ = std::move(error);
    return Error(*verdict_);
  }

  Result<void> take(const WireResponse& response, ByteView block) {
    if (std::exchange(first_block_, false)) {
      if (auto agreed = agree(response); !agreed.ok()) return final_error(std::move(agreed).error());
    }
    if (end_ && block.size() > *end_ - position_) {
      return final_error(Error(Code::kFailed, "the server sent more of {} than was asked for", request_.key));
    }
    if (auto taken = consume_(block); !taken.ok()) return final_error(std::move(taken).error());
    position_ += block.size();
    return {};
  }

  // That the answer begins where we are, and is of the version that we began to read.
  Result<void> agree(const WireResponse& response) {
    const std::string etag = response.header("etag");
    if (!etag_.empty() && etag != etag_) return changed();
    etag_ = etag;
    if (!request_.headers.contains("range")) {
      end_ = parse_number<uint64_t>(response.header("content-length"));
      return {};
    }
    const auto content = parse_content_range(response.header("content-range"));
    if (response.status != 206 || !content || content->begin != position_) {
      return Error(Code::kUnsupported, "the server of bucket {} does not read parts of objects",
                   client_.bucket());
    }
    if (end_ && content->total < *end_) return too_short(content->total);
    if (!end_) end_ = content->total;
    return {};
  }

  Result<void> check_end(const S3Response& response) {
    // Without a byte the answer has not been looked at yet.
    if (first_block_) RETURN_IF_ERROR(agree(response.wire));
    if (end_ && position_ < *end_) return too_short(position_);
    return {};
  }

  Result<void> refused(Result<S3Response> outcome) {
    if (!outcome.ok()) return std::move(outcome).error();
    if (outcome->status() == 412) return changed();
    if (outcome->status() == 416) return settle_against_size();
    return client_.error_of(*outcome, request_);
  }

  // For ranges of which a server has nothing to send.
  Result<void> settle_against_size() {
    ASSIGN_OR_RETURN(const auto info, head_object(client_, request_.key, cancellation_));
    if (!info) return Error(Code::kNotFound, "{} is not in bucket {}", request_.key, client_.bucket());
    if (range_.offset + range_.length.value_or(0) > info->size) return too_short(info->size);
    if (info->size > position_ && range_.length.value_or(1) > 0) return changed();
    return {};
  }

  Error too_short(uint64_t size) const {
    return Error(Code::kCorrupt, "{} in bucket {} has {} bytes, fewer than should be read", request_.key,
                 client_.bucket(), size);
  }
  Error changed() const {
    return Error(Code::kCorrupt, "{} in bucket {} was replaced while it was being read", request_.key,
                 client_.bucket());
  }

  S3Client& client_;
  ByteRange range_;
  const std::function<Result<void>(ByteView)>& consume_;
  const Cancellation& cancellation_;
  S3Request request_;
  uint64_t position_;
  std::optional<uint64_t> end_{};
  std::string etag_{};
  bool first_block_ = true;
  std::optional<Error> verdict_{};
};

}  // namespace

Result<void> download(S3Client& client, const std::string& key, ByteRange range,
                      const std::function<Result<void>(ByteView)>& consume,
                      const Cancellation& cancellation) {
  return Download(client, key, range, consume, cancellation).run();
}

Result<std::optional<ObjectInfo>> head_object(S3Client& client, const std::string& key,
                                              const Cancellation& cancellation) {
  S3Request request;
  request.method = "HEAD";
  request.key = key;
  ASSIGN_OR_RETURN(const S3Response response, client.send(request, cancellation));
  if (response.status() == 404) return std::optional<ObjectInfo>();
  if (!response.ok()) return client.error_of(response, request);
  const auto size = parse_number<uint64_t>(response.wire.header("content-length"));
  const auto modified = parse_http_date(response.wire.header("last-modified"));
  if (!size || !modified) return Error(Code::kFailed, "the server tells neither size nor time of {}", key);
  return std::optional(ObjectInfo{key, *size, *modified});
}

}  // namespace summit::storage
