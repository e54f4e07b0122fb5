#include "stores/elasticsearch/cluster.h"

#include <gtest/gtest.h>

namespace summit::elasticsearch {
namespace {

TEST(Indexes, AreReadByNameWithoutTheServersOwn) {
  const auto indexes = parse_indexes(R"([
    {"index": "entities", "docs.count": "1200", "store.size": "34567"},
    {"index": ".geoip_databases", "docs.count": "40", "store.size": "1"},
    {"index": "closed", "docs.count": null, "store.size": null},
    {"index": "cases", "docs.count": "0", "store.size": "226"}])");
  ASSERT_TRUE(indexes.ok()) << indexes.error().message();
  ASSERT_EQ(indexes->size(), 3U);
  EXPECT_EQ((*indexes)[0].name, "cases");
  EXPECT_EQ((*indexes)[1].name, "closed");
  EXPECT_EQ((*indexes)[1].documents, 0U);
  EXPECT_EQ((*indexes)[2].documents, 1200U);
  EXPECT_EQ((*indexes)[2].bytes, 34567U);
}

TEST(Indexes, AreRefusedWhenTheAnswerIsSomethingElse) {
  for (const char* answer : {"", "<html>", "{}", "[1]", R"([{"name": "x"}])", R"([{"index": 3}])"})
    EXPECT_FALSE(parse_indexes(answer).ok()) << answer;
}

TEST(Cluster, SaysThatNobodyListens) {
  config::ElasticsearchEndpoint endpoint;
  endpoint.url = "http://127.0.0.1:1";
  const auto cluster = read_cluster(endpoint, {});
  ASSERT_FALSE(cluster.ok());
  EXPECT_EQ(cluster.error().code(), Code::kUnreachable) << cluster.error().message();
}

}  // namespace
}  // namespace summit::elasticsearch
