// What writer and reader of archives share of libarchive; not for others to include.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <memory>

namespace summit::files {

struct EntryDeleter {
  void operator()(archive_entry* entry) const { ::archive_entry_free(entry); }
};
using EntryHandle = std::unique_ptr<archive_entry, EntryDeleter>;

// libarchive converts names by the thread's locale, and in a UTF-8 one it even normalizes them while reading.
// In the C locale bytes stay as they are (pax then says `hdrcharset=BINARY` for a name that is not ASCII).
class CLocale {
 public:
  CLocale() : own_(::newlocale(LC_ALL_MASK, "C", nullptr)), before_(::uselocale(own_)) {}
  CLocale(const CLocale&) = delete;
  CLocale& operator=(const CLocale&) = delete;
  ~CLocale() {
    ::uselocale(before_);
    if (own_ != nullptr) ::freelocale(own_);
  }

 private:
  locale_t own_;
  locale_t before_;
};

}  // namespace summit::files
