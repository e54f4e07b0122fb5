#include "stores/redis/rdb_source.h"

namespace summit::redis {

Result<void> read_records(const RdbSource& source, const rdb::RecordConsumer& consume) {
  rdb::Reader reader(consume);
  RETURN_IF_ERROR(source([&](ByteView bytes) { return reader.feed(bytes); }));
  return reader.finish();
}

}  // namespace summit::redis
