#include "backup/destinations.h"

#include <gmock/gmock.h>

namespace summit::backup {
namespace {

using testing::ElementsAre;

class Destinations : public testing::Test {
 protected:
  Destinations() {
    environment_.name = "production";
    environment_.storage.s3_bucket = "summit-backups-prod";
    environment_.storage.s3_prefix = "summit-backups/";
    environment_.storage.region = "us-west-2";
    environment_.storage.dr_bucket = "summit-backups-dr";
    environment_.storage.dr_prefix = "dr-backups/";
    environment_.storage.dr_region = "us-east-1";
    environment_.storage.database_bucket = "summit-prod-backups";
  }

  std::vector<std::string> locations() const {
    const auto destinations = destinations_of(request_, set_, environment_);
    EXPECT_TRUE(destinations.ok());
    std::vector<std::string> locations;
    for (const auto& destination : *destinations)
      locations.push_back(destination.region + " " + destination.location);
    return locations;
  }

  BackupRequest request_;
  config::BackupSet set_;
  config::Environment environment_;
};

TEST_F(Destinations, ThereAreNoneUnlessAskedFor) { EXPECT_TRUE(locations().empty()); }

TEST_F(Destinations, AnUploadGoesToTheEnvironmentsBucketAndASetMayHaveItsOwnPrefix) {
  request_.upload_s3 = true;
  EXPECT_THAT(locations(), ElementsAre("us-west-2 s3://summit-backups-prod/summit-backups"));
  set_.s3_prefix = "dr-backups/";
  EXPECT_THAT(locations(), ElementsAre("us-west-2 s3://summit-backups-prod/dr-backups"));
}

TEST_F(Destinations, ANamedBucketWins) {
  request_.s3_bucket = "summit-dr-backups";
  request_.upload_s3 = true;
  EXPECT_THAT(locations(), ElementsAre("us-west-2 s3://summit-dr-backups/summit-backups"));
}

TEST_F(Destinations, DatabaseBackupsHaveTheBucketOfTheRunbook) {
  request_.upload_s3 = true;
  request_.database_id_form = true;
  EXPECT_THAT(locations(), ElementsAre("us-west-2 s3://summit-prod-backups"));
}

TEST_F(Destinations, ASetForDisastersGoesToBothRegions) {
  request_.upload_s3 = true;
  set_.storage = {"s3", "s3_dr"};
  set_.s3_prefix = "dr-backups/";
  EXPECT_THAT(locations(), ElementsAre("us-west-2 s3://summit-backups-prod/dr-backups",
                                       "us-east-1 s3://summit-backups-dr/dr-backups"));
}

TEST_F(Destinations, WithoutABucketAnUploadSaysWhatToSet) {
  request_.upload_s3 = true;
  environment_.storage.s3_bucket.clear();
  const auto destinations = destinations_of(request_, set_, environment_);
  ASSERT_FALSE(destinations.ok());
  EXPECT_EQ(destinations.error().code(), Code::kUsage);
  EXPECT_NE(destinations.error().hint().find("S3_BUCKET"), std::string::npos);
}

}  // namespace
}  // namespace summit::backup
