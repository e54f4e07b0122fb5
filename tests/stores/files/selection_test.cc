#include "stores/files/selection.h"

#include <gtest/gtest.h>

namespace summit::files {
namespace {

bool is_secret(std::string_view text, size_t step) {
  KubernetesSecretFinder finder;
  for (size_t at = 0; at < text.size(); at += step) finder.feed(text.substr(at, step));
  return finder.found();
}

TEST(KubernetesSecret, IsFoundInEveryFormAndAcrossPieces) {
  for (const char* text :
       {"kind: Secret\n", "apiVersion: v1\nkind: Secret\nmetadata:\n",
        "kind: ConfigMap\n---\nkind: \"Secret\"\n", "kind : 'Secret'   # comment\n", "{\"kind\":\"Secret\"}",
        "{\"apiVersion\": \"v1\", \"kind\" : \"Secret\", \"data\": {}}",
        "kind: List\nitems:\n- kind: Secret\n", "kind:\n  Secret\n", "kind: !!str Secret\n",
        "kind: &k Secret\n", "{kind: Secret, x: y}", "kind: SecretList\n", "\"kind\":\n\"Secret\""})
    for (const size_t step : {size_t{1}, size_t{5}, size_t{1000}}) EXPECT_TRUE(is_secret(text, step)) << text;
  EXPECT_TRUE(is_secret(std::string(1 << 20, ' ') + "\nkind: Secret\n" + std::string(1 << 20, ' '), 4096));
}

TEST(KubernetesSecret, IsNoOtherKind) {
  for (const char* text :
       {"kind: ConfigMap\n", "secretKeyRef: x\n", "# a Secret of some kind\n", "kind: SecretStore\n",
        "secretName: Secret\n", "mankind: Secret\n", "kind: ExternalSecret\n", "kinds: Secret\n"})
    EXPECT_FALSE(is_secret(text, 1000)) << text;
}

TEST(Selection, NeverTakesWhatARestoreWorksInNorThatOfATreeBelow) {
  const Selection selection({{}, {}, {}});
  for (const char* path : {".summit-restoring-x1y2z3", "k8s/.summit-restoring-x1y2z3"}) {
    EXPECT_FALSE(selection.takes(path + std::string("/a.yaml")));
    EXPECT_FALSE(selection.may_hold(path));
  }
  EXPECT_TRUE(selection.takes("k8s/summit-restoring-notes.txt"));
}

TEST(Selection, IncludesAtTheRootAndExcludesAnywhere) {
  const Selection selection({{"docker-compose*.yml", "config"}, {"*.tmp", "config/cache"}, {"*.pem"}});
  EXPECT_TRUE(selection.takes("docker-compose.yml"));
  EXPECT_FALSE(selection.takes("sub/docker-compose.yml"));
  EXPECT_TRUE(selection.takes("config/a/b.yaml"));
  EXPECT_FALSE(selection.takes("config/a/b.tmp"));
  EXPECT_FALSE(selection.takes("config/cache/x"));
  EXPECT_FALSE(selection.may_hold("config/cache"));
  EXPECT_TRUE(selection.may_hold("config"));
  EXPECT_FALSE(selection.may_hold("uploads"));
  EXPECT_TRUE(selection.secret_by_name("config/tls/server.pem"));
  EXPECT_TRUE(selection.secret_by_name("config/.env.production"));
}

TEST(Selection, NeverTakesTheDirectoryOfARestoreAtWork) {
  const Selection everything({{}, {}, {}});
  EXPECT_FALSE(everything.takes(".summit-restoring-abc/x"));
  EXPECT_FALSE(everything.may_hold(".summit-restoring-abc"));
}

}  // namespace
}  // namespace summit::files
