// One object of unknown length on its way into a bucket, in parts. Internal to the S3 store.
#pragma once

#include <map>

#include "storage/part_sender.h"
#include "storage/s3_objects.h"

namespace summit::storage {

// Up to one part: a single put, so that small objects cost one request.
class S3Upload final : public ObjectUpload {
 public:
  S3Upload(std::shared_ptr<S3Client> client, NewObject object, const Cancellation& cancellation);
  // Without finish(): the server is told to drop the parts.
  ~S3Upload() override;

  Result<void> write(ByteView bytes) override;
  Result<void> finish() override;

 private:
  size_t next_part_size() const;
  Result<void> begin();
  Result<void> send_buffer();
  Result<void> send_part(int number, ByteView part, const Cancellation& cancellation);
  Result<void> complete();
  std::string completion_document() const;

  struct Part {
    std::string etag;
    std::string checksum;
  };

  std::shared_ptr<S3Client> client_;
  NewObject object_;
  Cancellation cancellation_;
  std::string buffer_;
  std::string upload_id_;  // empty before the second part is needed, and once nothing is left to drop
  int next_number_ = 1;
  bool finished_ = false;
  std::mutex mutex_;
  std::map<int, Part> parts_;
  std::unique_ptr<PartSender> sender_;
};

}  // namespace summit::storage
