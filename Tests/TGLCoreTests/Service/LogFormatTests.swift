import Logging
import Testing

@testable import TGLCore

@Suite struct LogFormatTests {
  @Test(
    arguments: [
      ("plain", "plain"), ("-1001", "-1001"), ("a/b:c", "a/b:c"), ("é", "é"), ("", "\"\""), ("a b", "\"a b\""),
      ("a=b", "\"a=b\""), ("a\"b", "\"a\\\"b\""), ("a\nb", "\"a\\nb\""), ("a\\ b", "\"a\\\\ b\""),
      ("\u{1B}[31m", "\"\\u{1b}[31m\""), ("\u{9B}1", "\"\\u{9b}1\""), ("a\u{2028}b", "\"a\\u{2028}b\""),
      ("\r", "\"\\r\""), ("\t", "\"\\t\""), ("\u{7F}", "\"\\u{7f}\""),
    ])
  func valuesCannotEndTheirLineNorPassForOthers(value: String, shown: String) {
    #expect(StandardErrorLogHandler.quoted(value) == shown)
  }

  @Test(arguments: [("a b", "a b"), ("a\nb\u{1B}", "a\\nb\\u{1b}"), ("\\n", "\\n")])
  func textKeepsToOneLine(text: String, shown: String) { #expect(text.escapingControls() == shown) }

  @Test func otherStreamsThanTheJournalsAreNotTakenForIt() {
    #expect(!StandardErrorLogHandler.isConnectedToJournal(environment: [:]))
    #expect(!StandardErrorLogHandler.isConnectedToJournal(environment: ["JOURNAL_STREAM": "1:1"]))
    #expect(!StandardErrorLogHandler.isConnectedToJournal(environment: ["JOURNAL_STREAM": "nonsense"]))
  }
}
