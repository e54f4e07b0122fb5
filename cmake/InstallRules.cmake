# `cmake --install` puts the program, its default configuration, scripts and documents where Debian would.

include(GNUInstallDirs)
install(TARGETS summit-dr RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/config/ DESTINATION ${CMAKE_INSTALL_DATADIR}/summit-dr/config)
# The documented wrappers; those of this tree's own set-up, build and tests stay here.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/scripts/ DESTINATION ${CMAKE_INSTALL_DATADIR}/summit-dr/scripts USE_SOURCE_PERMISSIONS
  FILES_MATCHING PATTERN "*-enhanced.sh" PATTERN "backups/*.sh" PATTERN "db/*.sh" PATTERN "lib/*.sh" PATTERN "test-*.sh"
  PATTERN "setup" EXCLUDE)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
