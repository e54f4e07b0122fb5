#include "devtools/sample/policy_bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

#include "core/digest.h"

namespace summit::sample {

namespace {

using Archive = std::unique_ptr<archive, decltype(&archive_write_free)>;
using Entry = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

la_ssize_t append(archive*, void* text, const void* block, size_t size) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(block), size);
  return static_cast<la_ssize_t>(size);
}

Result<std::string> make_archive(const std::map<std::string, std::string>& files, int64_t time) {
  std::string bytes;
  const Archive writer(archive_write_new(), &archive_write_free);
  archive_write_set_format_pax_restricted(writer.get());
  archive_write_add_filter_gzip(writer.get());
  // Else the time of the day stands in the header.
  archive_write_set_filter_option(writer.get(), "gzip", "timestamp", nullptr);
  bool ok = archive_write_open(writer.get(), &bytes, nullptr, append, nullptr) == ARCHIVE_OK;
  for (const auto& [name, content] : files) {
    const Entry entry(archive_entry_new(), &archive_entry_free);
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    archive_entry_set_mtime(entry.get(), time, 0);
    ok = ok && archive_write_header(writer.get(), entry.get()) == ARCHIVE_OK &&
         archive_write_data(writer.get(), content.data(), content.size()) ==
             static_cast<la_ssize_t>(content.size());
  }
  if (!ok || archive_write_close(writer.get()) != ARCHIVE_OK)
    return Error(Code::kFailed, "cannot pack a policy bundle");
  return bytes;
}

Result<std::string> sign(EVP_PKEY* key, const std::string& text) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::string signature(64, '\0');
  size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1) {
    return Error(Code::kFailed, "cannot sign a policy bundle");
  }
  return signature;
}

Result<std::string> public_key_of(EVP_PKEY* key) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), &BIO_free);
  if (PEM_write_bio_PUBKEY(memory.get(), key) != 1) return Error(Code::kFailed, "cannot write a public key");
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

}  // namespace

Result<SignedBundle> make_bundle(const std::map<std::string, std::string>& files, const std::string& key_seed,
                                 int64_t time) {
  const Sha256Digest raw = sha256(as_bytes(key_seed));
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                             reinterpret_cast<const unsigned char*>(raw.data()), raw.size()),
                &EVP_PKEY_free);
  if (!key) return Error(Code::kFailed, "cannot make a signing key");
  SignedBundle bundle;
  ASSIGN_OR_RETURN(bundle.archive, make_archive(files, time));
  ASSIGN_OR_RETURN(bundle.signature, sign(key.get(), bundle.archive));
  ASSIGN_OR_RETURN(bundle.public_key, public_key_of(key.get()));
  return bundle;
}

}  // namespace summit::sample
