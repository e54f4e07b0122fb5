// scripts/setup/neo4j/join-jars.py, on jars of a few bytes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "core/files.h"
#include "core/process.h"

namespace summit {
namespace {

using testing::HasSubstr;
using testing::Not;
using Files = std::map<std::string, std::string>;

constexpr const char* kPlugins = "META-INF/org/apache/logging/log4j/core/config/plugins/Log4j2Plugins.dat";

std::string text_of(std::string_view text) {
  return std::string{'\0', static_cast<char>(text.size())} + std::string(text);
}
std::string number_of(char number) { return {'\0', '\0', '\0', number}; }
// As a list of Log4j holds it: key, class, name and two flags.
std::string plugin(std::string_view name) {
  return text_of(name) + text_of(std::string("org.").append(name)) + text_of(name) + std::string{'\0', '\1'};
}

class JoinJars : public testing::Test {
 protected:
  JoinJars() : root_(std::move(TemporaryDirectory::create(fs::temp_directory_path(), "jars-")).value()) {
    EXPECT_TRUE(make_directories(root_.path() / "jars").ok());
  }

  // The content of the joined jar.
  Files join(const std::map<std::string, Files>& jars, const std::string& versions_of) {
    for (const auto& [name, files] : jars) {
      const fs::path content = root_.path() / ("of-" + name);
      write(content, files);
      python({"-m", "zipfile", "-c", (root_.path() / "jars" / name).string(), "."}, content);
    }
    const std::string script = std::string(SUMMIT_SOURCE_DIR) + "/scripts/setup/neo4j/join-jars.py";
    for (const char* joined : {"joined.jar", "again.jar"})
      python({script, "jars", joined, versions_of}, root_.path());
    EXPECT_EQ(read("joined.jar"), read("again.jar"));
    python({"-m", "zipfile", "-e", "joined.jar", "joined"}, root_.path());
    Files found;
    for (const auto& entry : fs::recursive_directory_iterator(root_.path() / "joined")) {
      if (entry.is_regular_file())
        found[entry.path().lexically_relative(root_.path() / "joined")] =
            read_file(entry.path()).value_or("unreadable");
    }
    return found;
  }

 private:
  static void write(const fs::path& root, const Files& files) {
    for (const auto& [name, content] : files) {
      ASSERT_TRUE(make_directories((root / name).parent_path()).ok());
      ASSERT_TRUE(write_file_durably(root / name, content).ok());
    }
  }
  static void python(std::vector<std::string> words, const fs::path& directory) {
    words.insert(words.begin(), "python3");
    const auto done = run(Command{.argv = std::move(words), .directory = directory});
    ASSERT_TRUE(done.ok()) << done.error().to_string();
  }
  std::string read(const char* name) { return read_file(root_.path() / name).value_or("unreadable"); }

  TemporaryDirectory root_;
};

TEST_F(JoinJars, JoinsListsOfServicesAndPluginsAndTakesTheFirstOfAllElse) {
  const std::string head = number_of(1) + text_of("core");
  const auto joined = join({{"a.jar",
                             {{"org/One.class", "one"},
                              {"META-INF/services/org.Service", "org.One"},
                              {kPlugins, head + number_of(1) + plugin("first")}}},
                            {"b.jar",
                             {{"org/One.class", "another"},
                              {"org/Two.class", "two"},
                              {"META-INF/services/org.Service", "org.Two\n"},
                              {kPlugins, head + number_of(1) + plugin("second")}}}},
                           "a.jar");
  EXPECT_EQ(joined.at("org/One.class"), "one");
  EXPECT_EQ(joined.at("org/Two.class"), "two");
  EXPECT_EQ(joined.at("META-INF/services/org.Service"), "org.One\norg.Two\n\n");
  EXPECT_EQ(joined.at(kPlugins), head + number_of(2) + plugin("first") + plugin("second"));
}

TEST_F(JoinJars, LeavesOutWhatHoldsForASingleJar) {
  const std::string releases = "Manifest-Version: 1.0\r\nMulti-Release: true\r\n\r\n";
  const std::string version =
      "Manifest-Version: 1.0\r\nImplementation-Version: 5.\r\n 26\r\nCreated-By: somebody\r\n\r\nName: "
      "org/\r\n";
  const auto joined = join({{"new.jar",
                             {{"META-INF/MANIFEST.MF", releases},
                              {"META-INF/versions/17/org/New.class", "for Java 17"},
                              {"META-INF/versions/9/module-info.class", "module"},
                              {"META-INF/SIGNED.SF", "signature"},
                              {"module-info.class", "module"}}},
                            {"old.jar",
                             {{"META-INF/MANIFEST.MF", version},
                              {"META-INF/versions/17/org/Old.class", "never looked at"},
                              {"org/Old.class", "old"}}}},
                           "old.jar");
  EXPECT_EQ(joined.size(), 4U) << "with the list of plugins, which is empty";
  EXPECT_EQ(joined.at("META-INF/versions/17/org/New.class"), "for Java 17");
  EXPECT_EQ(joined.at("org/Old.class"), "old");
  const std::string& manifest = joined.at("META-INF/MANIFEST.MF");
  EXPECT_THAT(manifest, HasSubstr("Multi-Release: true\r\n"));
  EXPECT_THAT(manifest, HasSubstr("Implementation-Version: 5.26\r\n"));
  EXPECT_THAT(manifest, Not(HasSubstr("somebody")));
}

}  // namespace
}  // namespace summit
