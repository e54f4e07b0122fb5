#include "masking/replaced.h"

namespace summit::masking {
namespace {

class Forwarding final : public ReplacedPlace {
 public:
  Forwarding(ReplacedValues& values, std::string place) : values_(values), place_(std::move(place)) {}
  void add(std::string_view original, std::string_view replacement) override {
    values_.add(original, replacement, place_);
  }

 private:
  ReplacedValues& values_;
  std::string place_;
};

}  // namespace

std::unique_ptr<ReplacedPlace> ReplacedValues::at(std::string place) {
  return std::make_unique<Forwarding>(*this, std::move(place));
}

}  // namespace summit::masking
