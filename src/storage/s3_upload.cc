#include "storage/s3_upload.h"

#include "core/digest.h"

namespace summit::storage {

namespace {

constexpr int kMaxParts = 10000;
constexpr int kPartsOfOneSize = 1000;
constexpr size_t kMaxPartSize = 256 * MiB;

}  // namespace

S3Upload::S3Upload(std::shared_ptr<S3Client> client, NewObject object, const Cancellation& cancellation)
    : client_(std::move(client)), object_(std::move(object)), cancellation_(cancellation) {}

S3Upload::~S3Upload() {
  // A part that arrives after the upload was dropped would stay for ever.
  sender_.reset();
  if (upload_id_.empty()) return;
  S3Request request;
  request.method = "DELETE";
  request.key = object_.key;
  request.query = {{"uploadId", upload_id_}};
  // Also after a cancellation: what is left behind costs money. A failure leaves it to remove_leftovers().
  static_cast<void>(client_->send(request, Cancellation()));
}

size_t S3Upload::next_part_size() const {
  size_t size = client_->settings().part_size;
  for (int step = 0; step < (next_number_ - 1) / kPartsOfOneSize && size < kMaxPartSize; ++step) size *= 2;
  return size;
}

Result<void> S3Upload::write(ByteView bytes) {
  if (finished_) return Error(Code::kUsage, "the upload of {} was finished before", object_.key);
  while (!bytes.empty()) {
    RETURN_IF_ERROR(cancellation_.check());
    const size_t part_size = next_part_size();
    // A full buffer is sent only when more follows: the last part may be the only one.
    if (buffer_.size() >= part_size) RETURN_IF_ERROR(send_buffer());
    if (next_number_ > 1) buffer_.reserve(part_size);
    const size_t taken = std::min(bytes.size(), part_size - buffer_.size());
    buffer_ += as_text(bytes.first(taken));
    bytes = bytes.subspan(taken);
  }
  return {};
}

Result<void> S3Upload::begin() {
  S3Request request;
  request.method = "POST";
  request.key = object_.key;
  request.query = {{"uploads", ""}};
  request.headers = headers_of(object_, client_->settings());
  request.headers["x-amz-checksum-algorithm"] = "SHA256";
  ASSIGN_OR_RETURN(const S3Response response, client_->require(request, cancellation_));
  upload_id_ = xml_text(response.wire.body, "UploadId");
  if (upload_id_.empty()) return Error(Code::kFailed, "the server began an upload without a name");
  // Some servers confirm only the whole object, but one that says otherwise is believed before a byte is
  // sent.
  if (!response.wire.header(kEncryptionHeader).empty()) {
    RETURN_IF_ERROR(check_encryption(response.wire, client_->settings()));
  }
  const auto send = [this](int number, ByteView part, const Cancellation& cancellation) {
    return send_part(number, part, cancellation);
  };
  sender_ = std::make_unique<PartSender>(send, client_->settings().bytes_in_flight, cancellation_);
  return {};
}

Result<void> S3Upload::send_buffer() {
  if (next_number_ > kMaxParts) {
    return Error(Code::kUnsupported, "{} is larger than an upload can be", object_.key)
        .hint("use the packed layout, whose objects are small");
  }
  if (upload_id_.empty()) RETURN_IF_ERROR(begin());
  return sender_->add(next_number_++, std::exchange(buffer_, {}));
}

Result<void> S3Upload::send_part(int number, ByteView part, const Cancellation& cancellation) {
  S3Request request;
  request.method = "PUT";
  request.key = object_.key;
  request.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload_id_}};
  request.body = part;
  ASSIGN_OR_RETURN(const S3Response response, client_->require(request, cancellation), "part {}", number);
  const std::string etag = response.wire.header("etag");
  if (etag.empty()) return Error(Code::kFailed, "the server took part {} without a receipt", number);
  const std::lock_guard lock(mutex_);
  // Only what the server has recorded may be claimed when the parts are joined.
  parts_[number] = {etag, response.wire.header("x-amz-checksum-sha256")};
  return {};
}

std::string S3Upload::completion_document() const {
  std::string document = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (const auto& [number, part] : parts_) {
    document +=
        fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag>", number, xml_escaped(part.etag));
    if (!part.checksum.empty())
      document += fmt::format("<ChecksumSHA256>{}</ChecksumSHA256>", xml_escaped(part.checksum));
    document += "</Part>";
  }
  return document + "</CompleteMultipartUpload>";
}

Result<void> S3Upload::complete() {
  const std::string document = completion_document();
  S3Request request;
  request.method = "POST";
  request.key = object_.key;
  request.query = {{"uploadId", upload_id_}};
  request.headers["content-type"] = "application/xml";
  if (object_.options.condition == Condition::kAbsent) request.headers["if-none-match"] = "*";
  request.body = as_bytes(document);
  ASSIGN_OR_RETURN(const S3Response response, client_->send(request, cancellation_));
  RETURN_IF_ERROR(settle(*client_, object_, request, response, cancellation_));
  upload_id_.clear();
  return {};
}

Result<void> S3Upload::finish() {
  RETURN_IF_ERROR(cancellation_.check());
  if (finished_) return Error(Code::kUsage, "the upload of {} was finished before", object_.key);
  finished_ = true;
  if (upload_id_.empty()) return put_object(*client_, object_, as_bytes(buffer_), cancellation_);
  RETURN_IF_ERROR(send_buffer());
  RETURN_IF_ERROR(sender_->finish());
  return complete();
}

}  // namespace summit::storage
