import Foundation
import TestSupport
import Testing

@testable import TGLCore

/// Lines as python-dotenv reads them too, which the Python service used, except where a comment says otherwise.
@Suite struct EnvFileTests {
  @Test(
    arguments: [
      ("A=b", "b"),
      ("A = b", "b"),
      ("  A=b  ", "b"),
      ("export A=b", "b"),
      ("export\tA=b", "b"),
      ("A=", ""),
      ("A=''", ""),
      ("A=b c", "b c"),
      ("A=b # comment", "b"),
      ("A=b\t# comment", "b"),
      ("A=b#c", "b#c"),
      ("A=#fff", "#fff"),
      // python-dotenv takes this comment for the value.
      ("A= # comment", ""),
      ("A='b # c'", "b # c"),
      ("A=\"b # c\" # d", "b # c"),
      ("A='b\\n\"c'", "b\\n\"c"),
      ("A=\"b\\n\\t\\\"\\\\c\"", "b\n\t\"\\c"),
      ("A=\"\\q\"", "\\q"),
      ("A=b=c==", "b=c=="),
      ("A=[1, -100]", "[1, -100]"),
      ("A=first\nA=last", "last"),
      ("\u{FEFF}A=b", "b"),
      ("\u{FEFF}# comment\r\nA=b\r\n", "b"),
      ("# comment\n; comment\n\n   \nA=b", "b"),
      ("A=ключ 🔑", "ключ 🔑"),
    ])
  func readsTheLineForms(text: String, value: String) {
    let file = EnvFile(text)
    #expect(file.values == ["A": value])
    #expect(file.problems == [])
  }

  @Test func keepsAllNamesOfAFileWithWindowsLineEnds() {
    let file = EnvFile("A=1\r\nB=\"2\"\r\n\r\n# x\r\nC=3")
    #expect(file.values == ["A": "1", "B": "2", "C": "3"])
  }

  @Test(
    arguments: [
      ("A=1\nnonsense", 2, "="),
      ("A B=1", 1, "NAME"),
      ("=1", 1, "NAME"),
      ("A='1", 1, "quote"),
      ("A=\"1\nB=2", 1, "quote"),
      ("A='1' 2", 1, "quote"),
      ("A=\"1\\\"", 1, "quote"),
    ])
  func namesTheLineThatIsNone(text: String, line: Int, word: String) {
    let problems = EnvFile(text).problems
    #expect(problems.map(\.line) == [line])
    #expect(problems.allSatisfy { $0.reason.contains(word) })
  }

  @Test func linesThatAreNoneDoNotHideTheOthers() {
    let file = EnvFile("A=1\n?\nB=2\nC='\nD=3")
    #expect(file.values == ["A": "1", "B": "2", "D": "3"])
    #expect(file.problems.map(\.line) == [2, 4])
  }

  @Test func aKeyBrokenIntoLinesIsNotShown() {
    let file = EnvFile("DELETED_MEDIA_KEY_B64=c2VjcmV0\nbW9yZSBzZWNyZXQ+/x==\nc2VjcmV0")
    #expect(file.problems.map(\.line) == [2, 3])
    #expect(file.problems.allSatisfy { !$0.reason.contains("bW9y") && !$0.reason.contains("c2Vj") })
  }

  /// What is written with quotes is read back, whatever it holds; and nothing that is read ends the process.
  @Test func quotedValuesOfAnyTextComeBack() {
    var numbers = SeededGenerator(seed: SeededGenerator.runSeed)
    let alphabet = Array("ab=#'\"\\$` ;\t\u{301}é🔑\u{FEFF}[]{},").map(String.init)
    for round in 0..<20_000 {
      let text = (0..<Int.random(in: 0...12, using: &numbers)).map { _ in
        alphabet.randomElement(using: &numbers) ?? ""
      }.joined()
      let escaped = text.unicodeScalars.map { "\"\\".unicodeScalars.contains($0) ? "\\\($0)" : "\($0)" }.joined()
      let file = EnvFile("X=1\nA=\"\(escaped)\"\nY=2")
      #expect(file.values["A"].map { Array($0.utf8) } == Array(text.utf8), "round \(round): \(text.debugDescription)")
      #expect(file.values["X"] == "1" && file.values["Y"] == "2")
    }
  }

  @Test func anyBytesAreReadWithoutLosingCountOfLines() {
    var numbers = SeededGenerator(seed: SeededGenerator.runSeed &+ 1)
    let alphabet = Array("A=b\n\r'\"\\#; \texport\u{FEFF}\u{0}\u{301}").map(String.init)
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 0...40, using: &numbers)).map { _ in
        alphabet.randomElement(using: &numbers) ?? ""
      }.joined()
      let file = EnvFile(text)
      let lines = text.unicodeScalars.filter { $0 == "\n" }.count + 1
      #expect(file.problems.allSatisfy { (1...lines).contains($0.line) }, "\(text.debugDescription)")
      #expect(file.values.count + file.problems.count <= lines)
    }
  }
}
