#include "devtools/sample/copy_writer.h"

#include <libpq-fe.h>

#include "core/bytes.h"

namespace summit::sample {

namespace {

Error failure(PGconn* connection, std::string_view what) {
  std::string message = PQerrorMessage(connection);
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return Error(Code::kFailed, "cannot {}: {}", what, message);
}

}  // namespace

void CopyRow::separate() {
  if (!first_) buffer_ += '\t';
  first_ = false;
}

CopyRow& CopyRow::text(std::string_view value) {
  separate();
  for (const char c : value) {
    switch (c) {
      case '\\':
        buffer_ += "\\\\";
        break;
      case '\n':
        buffer_ += "\\n";
        break;
      case '\r':
        buffer_ += "\\r";
        break;
      case '\t':
        buffer_ += "\\t";
        break;
      default:
        buffer_ += c;
    }
  }
  return *this;
}

CopyRow& CopyRow::bytes(std::string_view value) { return text("\\x" + to_hex(as_bytes(value))); }

CopyRow& CopyRow::null() {
  separate();
  buffer_ += "\\N";
  return *this;
}

CopyRow& CopyRow::number(double value) { return text(fmt::format("{}", value)); }

Result<CopyWriter> CopyWriter::begin(PGconn* connection, std::string_view target) {
  PGresult* result = PQexec(connection, fmt::format("COPY {} FROM STDIN", target).c_str());
  const bool ok = PQresultStatus(result) == PGRES_COPY_IN;
  PQclear(result);
  if (!ok) return failure(connection, fmt::format("fill {}", target));
  return CopyWriter(connection);
}

Result<void> CopyWriter::send() {
  if (PQputCopyData(connection_, buffer_.data(), static_cast<int>(buffer_.size())) != 1)
    return failure(connection_, "send rows");
  buffer_.clear();
  return {};
}

Result<void> CopyWriter::finish() {
  RETURN_IF_ERROR(send());
  if (PQputCopyEnd(connection_, nullptr) != 1) return failure(connection_, "end the rows");
  Result<void> outcome;
  while (PGresult* result = PQgetResult(connection_)) {
    if (PQresultStatus(result) != PGRES_COMMAND_OK && outcome) outcome = failure(connection_, "fill a table");
    PQclear(result);
  }
  return outcome;
}

}  // namespace summit::sample
