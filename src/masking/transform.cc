#include "masking/transform.h"

#include <openssl/evp.h>

#include <algorithm>

#include "core/bytes.h"
#include "masking/array_literal.h"
#include "masking/date_text.h"
#include "masking/json_text.h"
#include "masking/pseudonym.h"

namespace summit::masking {
namespace {

using config::Operation;
using config::TemplatePiece;
using Made = Result<std::unique_ptr<Transform>>;

template <typename Kind, typename... Args>
Made make(Args&&... args) {
  return std::unique_ptr<Transform>(std::make_unique<Kind>(std::forward<Args>(args)...));
}

class Keep final : public Transform {
 public:
  Outcome apply(Field, Row, std::string&) override { return Outcome::kKept; }
};

class Remove final : public Transform {
 public:
  Outcome apply(Field, Row, std::string&) override { return Outcome::kNull; }
};

class Constant final : public Transform {
 public:
  explicit Constant(std::string text) : text_(std::move(text)) {}
  Outcome apply(Field, Row, std::string& out) override {
    out += text_;
    return Outcome::kValue;
  }

 private:
  std::string text_;
};

size_t characters_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// Texts and fields in turn. NULL in a field makes the whole NULL, as || does.
class Template final : public Transform {
 public:
  struct Piece {
    TemplatePiece piece;
    size_t place = 0;
  };
  explicit Template(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  Outcome apply(Field, Row row, std::string& out) override {
    const size_t start = out.size();
    for (const auto& [piece, place] : pieces_) {
      const Outcome outcome = piece.is_field ? append_field(piece, row[place], out) : append_text(piece, out);
      if (outcome == Outcome::kValue) continue;
      out.resize(start);
      return outcome;
    }
    return Outcome::kValue;
  }

 private:
  static Outcome append_text(const TemplatePiece& piece, std::string& out) {
    out += piece.text;
    return Outcome::kValue;
  }

  static Outcome append_field(const TemplatePiece& piece, Field field, std::string& out) {
    if (!field) return Outcome::kNull;
    if (piece.fit != TemplatePiece::Fit::kWhole) {
      const size_t size = characters_of(*field);
      if (size > piece.width) return Outcome::kMisfit;
      if (piece.fit == TemplatePiece::Fit::kPadded) {
        // Zeros before the id of another row would make it the same: 7, 07 and 0000007.
        if (field->empty() || (field->size() > 1 && field->front() == '0')) return Outcome::kMisfit;
        out.append(piece.width - size, '0');
      }
    }
    out += *field;
    return Outcome::kValue;
  }

  std::vector<Piece> pieces_;
};

class KeyedHash final : public Transform {
 public:
  KeyedHash(KeyedCipher cipher, unsigned digits) : cipher_(std::move(cipher)), digits_(digits) {}
  Outcome apply(Field value, Row, std::string& out) override {
    if (!value || value->empty()) return Outcome::kKept;
    KeyedCipher::Digest digest;
    if (!cipher_.digest(0, *value, digest)) return Outcome::kFailed;
    out += to_hex(std::as_bytes(std::span(digest))).substr(0, digits_);
    return Outcome::kValue;
  }

 private:
  KeyedCipher cipher_;
  unsigned digits_;
};

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
  void operator()(EVP_MD* digest) const { ::EVP_MD_free(digest); }
};

class Md5 final : public Transform {
 public:
  explicit Md5(std::string suffix)
      : suffix_(std::move(suffix)),
        md5_(::EVP_MD_fetch(nullptr, "MD5", nullptr)),
        context_(::EVP_MD_CTX_new()) {}
  Outcome apply(Field value, Row, std::string& out) override {
    if (!value) return Outcome::kNull;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (!md5_ || !context_ || ::EVP_DigestInit_ex2(context_.get(), md5_.get(), nullptr) != 1 ||
        ::EVP_DigestUpdate(context_.get(), value->data(), value->size()) != 1 ||
        ::EVP_DigestUpdate(context_.get(), suffix_.data(), suffix_.size()) != 1 ||
        ::EVP_DigestFinal_ex(context_.get(), digest.data(), &size) != 1)
      return Outcome::kFailed;
    out += to_hex(std::as_bytes(std::span(digest).first(size)));
    return Outcome::kValue;
  }

 private:
  std::string suffix_;
  std::unique_ptr<EVP_MD, FreeDigest> md5_;
  std::unique_ptr<EVP_MD_CTX, FreeDigest> context_;
};

class StandIn final : public Transform {
 public:
  explicit StandIn(PseudonymMaker maker) : maker_(std::move(maker)) {}
  Outcome apply(Field value, Row, std::string& out) override {
    if (!value) return Outcome::kKept;
    const size_t start = out.size();
    if (maker_.append(*value, out)) return Outcome::kValue;
    out.resize(start);
    return Outcome::kFailed;
  }

 private:
  PseudonymMaker maker_;
};

// All dates of one subject move by the same days, so what lies between them stays.
class ShiftDays final : public Transform {
 public:
  ShiftDays(KeyedCipher cipher, size_t subject, unsigned most)
      : cipher_(std::move(cipher)), subject_(subject), most_(most) {}
  Outcome apply(Field value, Row row, std::string& out) override {
    if (!value) return Outcome::kKept;
    if (!row[subject_]) return Outcome::kNull;
    KeyedCipher::Digest digest;
    if (!cipher_.digest(0, *row[subject_], digest)) return Outcome::kFailed;
    uint64_t number = 0;
    for (size_t i = 0; i < 7; ++i) number = number << 8 | digest[i];
    // Never by no day at all.
    const auto days = static_cast<int>(number % most_) + 1;
    return shift_date(*value, (digest[7] & 1) != 0 ? days : -days, out);
  }

 private:
  KeyedCipher cipher_;
  size_t subject_;
  unsigned most_;
};

class InsideJson final : public Transform {
 public:
  InsideJson(std::vector<config::JsonPath> paths, std::vector<std::unique_ptr<Transform>> parts)
      : paths_(std::move(paths)), parts_(std::move(parts)) {}
  Outcome apply(Field value, Row row, std::string& out) override {
    if (!value) return Outcome::kKept;
    return rewrite_json(
        *value, paths_,
        [&](size_t path, Field inner, std::string& made) { return parts_[path]->apply(inner, row, made); },
        out);
  }

 private:
  std::vector<config::JsonPath> paths_;
  std::vector<std::unique_ptr<Transform>> parts_;
};

class EachElement final : public Transform {
 public:
  explicit EachElement(std::unique_ptr<Transform> part) : part_(std::move(part)) {}
  Outcome apply(Field value, Row row, std::string& out) override {
    if (!value) return Outcome::kKept;
    return rewrite_array(
        *value, [&](Field inner, std::string& made) { return part_->apply(inner, row, made); }, out);
  }

 private:
  std::unique_ptr<Transform> part_;
};

// Tells of what another transform replaces.
class Told final : public Transform {
 public:
  Told(std::unique_ptr<Transform> inner, std::unique_ptr<ReplacedPlace> place)
      : inner_(std::move(inner)), place_(std::move(place)) {}
  Outcome apply(Field value, Row row, std::string& out) override {
    const size_t start = out.size();
    const Outcome outcome = inner_->apply(value, row, out);
    const std::string_view made = std::string_view(out).substr(start);
    const bool replaced = outcome == Outcome::kNull || (outcome == Outcome::kValue && made != value);
    if (value && replaced) place_->add(*value, made);
    return outcome;
  }

 private:
  std::unique_ptr<Transform> inner_;
  std::unique_ptr<ReplacedPlace> place_;
};

Made compile_template(const Operation& operation, const FieldPlace& place) {
  std::vector<Template::Piece> pieces;
  for (const auto& piece : operation.pieces) {
    Template::Piece compiled{.piece = piece};
    if (piece.is_field) {
      ASSIGN_OR_RETURN(compiled.place, place(piece.text));
    }
    pieces.push_back(std::move(compiled));
  }
  return make<Template>(std::move(pieces));
}

Made compile_json(const Operation& operation, const Secret& key, const FieldPlace& place,
                  const Listener& listener) {
  std::vector<std::unique_ptr<Transform>> parts;
  for (const auto& part : operation.parts) {
    ASSIGN_OR_RETURN(auto compiled, Transform::compile(part, key, place, listener));
    parts.push_back(std::move(compiled));
  }
  return make<InsideJson>(operation.paths, std::move(parts));
}

Made compile_shift(const Operation& operation, const Secret& key, const FieldPlace& place) {
  ASSIGN_OR_RETURN(auto cipher, KeyedCipher::create(key, "dates"));
  ASSIGN_OR_RETURN(const auto subject, place(operation.subject));
  return make<ShiftDays>(std::move(cipher), subject, operation.most_days);
}

Made compile_kind(const Operation& operation, const Secret& key, const FieldPlace& place,
                  const Listener& listener) {
  switch (operation.kind) {
    case Operation::Kind::kKeep:
      return make<Keep>();
    case Operation::Kind::kRemove:
      return make<Remove>();
    case Operation::Kind::kConstant:
      return make<Constant>(operation.text);
    case Operation::Kind::kTemplate:
      return compile_template(operation, place);
    case Operation::Kind::kKeyedHash: {
      ASSIGN_OR_RETURN(auto cipher, KeyedCipher::create(key, "hash"));
      return make<KeyedHash>(std::move(cipher), operation.digits);
    }
    case Operation::Kind::kMd5:
      return make<Md5>(operation.text);
    case Operation::Kind::kPseudonym: {
      ASSIGN_OR_RETURN(auto maker, PseudonymMaker::create(key, operation.pseudonym));
      return make<StandIn>(std::move(maker));
    }
    case Operation::Kind::kShiftDays:
      return compile_shift(operation, key, place);
    case Operation::Kind::kJson:
      return compile_json(operation, key, place, listener);
    case Operation::Kind::kElements: {
      ASSIGN_OR_RETURN(auto part, Transform::compile(operation.parts.front(), key, place, listener));
      return make<EachElement>(std::move(part));
    }
  }
  return Error(Code::kUnsupported, "an operation of the masking rules is not known to this version")
      .hint("run `summit-dr config validate`");
}

}  // namespace

Made Transform::compile(const Operation& operation, const Secret& key, const FieldPlace& place,
                        const Listener& listener) {
  ASSIGN_OR_RETURN(auto made, compile_kind(operation, key, place, listener));
  const bool of_parts =
      operation.kind == Operation::Kind::kJson || operation.kind == Operation::Kind::kElements;
  if (listener.replaced == nullptr || of_parts) return made;
  return make<Told>(std::move(made), listener.replaced->at(listener.place));
}

}  // namespace summit::masking
