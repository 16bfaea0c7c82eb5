import GRDB
import Logging
import TL
import TelegramClient
import TestSupport
import Testing

@testable import TGLCore

@Suite struct SearchQueryTests {
  @Test(arguments: [
    ("hello", "\"hello\""),
    ("hello world", "\"hello\" AND \"world\""),
    ("hel*", "\"hel\" *"),
    ("\"hello big world\"", "\"hello big world\""),
    ("\"hello wor\"*", "\"hello wor\" *"),
    ("«привет мир»", "\"привет мир\""),
    ("cat -dog", "(\"cat\") NOT \"dog\""),
    ("ёлка", "\"елка\""),
    ("中国", "\"中 国\""),
    ("foo-bar@baz.org", "\"foo bar baz org\""),
    ("AND OR NOT NEAR(a b)", "\"AND\" AND \"OR\" AND \"NOT\" AND \"NEAR a\" AND \"b\""),
    ("\"unclosed phrase", "\"unclosed phrase\""),
    ("a\"b\"c", "\"a\" AND \"b\" AND \"c\""),
    ("text:secret ^start", "\"text secret\" AND \"start\""),
    ("🙂 party", "\"party\""),
  ])
  func isGivenToFTS5AsQuotedWords(text: String, expected: String) {
    #expect(SearchQuery(text)?.fts5 == expected)
  }

  @Test(arguments: ["", "   ", "\"\"", "!!!", "🙂", "*", "-", "-only", "\"", "()", "\u{0}"])
  func withoutAWordIsNone(text: String) {
    #expect(SearchQuery(text) == nil)
  }

  @Test(arguments: [
    ("hello", "Say HELLO, hello!", [4..<9, 11..<16]),
    ("hel*", "shell helium", [6..<12]),
    ("cafe", "Café", [0..<4]),
    ("елка", "Наша ёлка", [5..<9]),
    ("国中", "我在中国中部", [3..<5]),
    ("b", "🙂 a b", [5..<6]),
    ("\"a b\"", "a b a b", [0..<3, 4..<7]),
    ("x", "nothing", []),
  ])
  func hitsAreInUTF16(query: String, text: String, expected: [Range<Int>]) throws {
    #expect(try #require(SearchQuery(query)).hits(in: text) == expected)
  }
}

@Suite struct SearchIndexTests {
  private let fixture: ArchiveFixture

  init() throws { fixture = try ArchiveFixture() }

  private func search(_ text: String, _ filter: SearchFilter = SearchFilter()) async throws -> [SearchHit] {
    try await fixture.archive.search(try #require(SearchQuery(text)), filter)
  }

  private func say(_ id: Int32, _ text: String, in peer: API.AnyPeer = Make.user(1002), date: Int32 = 1_900_000_000)
    async throws
  {
    try await fixture.receive([Make.new(Make.message(id, in: peer, text, date: date))])
  }

  /// Fails when the index holds words of texts that are not there, or lacks some.
  private func checkIndex(_ words: [String]) async throws {
    try await fixture.archive.write { db in
      let missing = try Int.fetchOne(
        db,
        sql: """
          SELECT count(*) FROM (SELECT chat_id, id, version, text FROM message UNION ALL
            SELECT chat_id, id, version, text FROM message_version) AS t
          WHERE text <> '' AND NOT EXISTS (SELECT 1 FROM search_entry AS e
            WHERE e.chat_id = t.chat_id AND e.id = t.id AND e.version = t.version)
          """)
      #expect(missing == 0)
      let entries = try Int.fetchOne(db, sql: "SELECT count(*) FROM search_entry")
      let texts = try Int.fetchOne(
        db,
        sql: """
          SELECT (SELECT count(*) FROM message WHERE text <> '') + (SELECT count(*) FROM message_version WHERE text <> '')
          """)
      #expect(entries == texts)
      for word in words {
        let stale = try Int.fetchOne(
          db,
          sql: """
            SELECT count(*) FROM search WHERE search MATCH ? AND rowid NOT IN (SELECT entry FROM search_entry)
            """, arguments: ["\"\(word)\""])
        #expect(stale == 0, "\(word)")
      }
    }
  }

  @Test(arguments: [
    ("Привет, КАК дела?", "как", true), ("Привет, КАК дела?", "ка*", true), ("Привет, как дела?", "ак", false),
    ("Ещё одна ЁЛКА", "елка еще", true), ("Ещё одна елка", "ёлка", true),
    ("我在中国工作", "中国", true), ("我在中国工作", "国", true), ("我在中国工作", "国中", false),
    ("東京タワーに行く", "タワー", true), ("안녕하세요 여러분", "하세요", true), ("สวัสดีครับ", "สวัสดี", true),
    ("𠀀𠀁 rare", "𠀁", true), ("中 国", "中国", true),
    ("naïve Café", "cafe naive", true), ("one two three", "\"two three\"", true),
    ("one two three", "\"three two\"", false), ("one two three", "one -two", false), ("mixed日本text", "text", true),
  ])
  func findsWordsOfEveryScript(text: String, query: String, isFound: Bool) async throws {
    try await say(1, text)
    let hits = try await search(query)
    #expect(hits.count == (isFound ? 1 : 0))
    if isFound { #expect(!hits[0].ranges.isEmpty) }
  }

  @Test(arguments: [["天地玄黄", "宇宙洪荒", "plain again"], ["first", "second ёлка", "third"]])
  func textsAreIndexedOnceHoweverOftenTheyCome(texts: [String]) async throws {
    func edit(_ text: String, date: Int32) -> API.AnyUpdate {
      Make.edit(Make.message(1, in: Make.user(1002), text, editDate: date))
    }
    try await say(1, texts[0])
    try await say(1, texts[0])
    try await fixture.receive([edit(texts[1], date: 1_900_000_001)])
    try await fixture.receive([edit(texts[1], date: 1_900_000_001), edit(texts[2], date: 1_900_000_002)])
    for (index, text) in texts.enumerated() { #expect(try await search(text).map(\.version) == [index + 1]) }
    try await checkIndex(texts)
    // All of it at once.
    try await fixture.receive([
      Make.new(Make.message(2, in: Make.user(1002), texts[0], date: 1_900_000_000)),
      Make.new(Make.message(2, in: Make.user(1002), texts[0], date: 1_900_000_000)),
      Make.edit(Make.message(2, in: Make.user(1002), texts[1], editDate: 1_900_000_001)), Make.delete([2]),
    ])
    for text in texts[...1] { #expect(try await search(text).map(\.id) == [2, 1]) }
    try await checkIndex(texts)
  }

  @Test func longTextsOfUnspacedScriptsAreIndexedToTheirEnd() async throws {
    let text = String(repeating: "天地玄黄", count: 1_023) + "末尾a日"
    try await say(1, text)
    #expect(try await search("末尾").count == 1)
    #expect(try await search("日").count == 1)
  }

  @Test func sqlAndSwiftSplitAlike() async throws {
    var generator = SeededGenerator.run(5)
    let alphabet = Array("aZ9 ёЁéй中国語한글กำ゠𠀀🙂\"'\n\u{301}".unicodeScalars)
    for _ in 0..<300 {
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 1...200, using: &generator) {
        text.append(alphabet.randomElement(using: &generator).require)
      }
      let string = String(text)
      let sql = try await fixture.archive.read { db in
        try String.fetchOne(db, sql: "SELECT \(SearchText.sql("t")) FROM (SELECT ? AS t)", arguments: [string])
      }
      #expect(
        sql.map { Array($0.unicodeScalars) } == Array(SearchText.indexed(string).unicodeScalars),
        "\(string.debugDescription)")
    }
  }

  @Test func earlierVersionsAreFoundToo() async throws {
    try await say(1, "the first text")
    try await fixture.receive([
      Make.edit(Make.message(1, in: Make.user(1002), "the second text", editDate: 1_900_000_100))
    ])
    try await checkIndex(["first", "second", "text"])
    let old = try await search("first")
    #expect(old.count == 1 && !old[0].isCurrent && old[0].version == 1 && old[0].text == "the first text")
    let new = try await search("text")
    #expect(new.count == 1 && new[0].isCurrent && new[0].version == 2 && new[0].text == "the second text")
  }

  @Test func whatGoesTakesItsWordsAlong() async throws {
    try await say(1, "apples 中国")
    try await fixture.receive([Make.edit(Make.message(1, in: Make.user(1002), "pears", editDate: 1_900_000_100))])
    try await say(2, "apples stay")
    try await fixture.archive.write { db in try db.execute(sql: "DELETE FROM message WHERE id = 1") }
    try await checkIndex(["apples", "中 国", "pears", "stay"])
    #expect(try await search("apples").map(\.id) == [2])
    #expect(try await search("pears").isEmpty)
    // The raw index, without the joins that would hide what was left behind.
    let pears = try await fixture.archive.read { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM search WHERE search MATCH 'pears OR \"中 国\"'")
    }
    #expect(pears == 0)
  }

  @Test func aTextChangedInPlaceIsIndexedAnew() async throws {
    try await say(1, "before")
    try await fixture.archive.write { db in try db.execute(sql: "UPDATE message SET text = 'after'") }
    try await checkIndex(["before", "after"])
    #expect(try await search("before").isEmpty)
    #expect(try await search("after").count == 1)
  }

  @Test func filtersNarrowWhatIsFound() async throws {
    try await say(1, "word one", date: 1_000)
    try await say(2, "word two", in: Make.group(500), date: 2_000)
    try await say(3, "word three", in: Make.group(500), date: 3_000)
    try await fixture.receive([Make.delete([3])])
    func ids(_ change: (inout SearchFilter) -> Void) async throws -> [Int64] {
      var filter = SearchFilter()
      change(&filter)
      return try await search("word", filter).map(\.id)
    }
    #expect(try await ids { _ in } == [3, 2, 1])
    #expect(try await ids { $0.limit = 2 } == [3, 2])
    #expect(try await ids { $0.onlyDeleted = true } == [3])
    #expect(try await ids { $0.chats = [ArchiveFixture.bob] } == [1])
    #expect(try await ids { $0.since = 2_000 } == [3, 2])
    #expect(try await ids { $0.until = 3_000 } == [2, 1])
    #expect(try await ids { $0.senders = [ArchiveFixture.bob] } == [3, 2, 1])
    #expect(try await ids { $0.senders = [ArchiveFixture.alice] } == [])
  }

  @Test func whereASearchBeginsChangesNothing() async throws {
    var random = SeededGenerator.run(11)
    let words = ["even", "odd", "third", "seventh", "never"]
    func text(_ number: Int) -> String {
      var said = [number % 2 == 0 ? words[0] : words[1]]
      if number % 3 == 0 { said.append(words[2]) }
      if number % 7 == 0 { said.append(words[3]) }
      return said.joined(separator: " ")
    }
    for id in Int32(1)...300 {
      let peer = Make.user(1002 + Int64(id % 3))
      // Some of them at the same time.
      try await say(id, text(Int(id)), in: peer, date: 1_900_000_000 + Int32.random(in: 0..<100, using: &random))
      if id % 5 == 0 {
        let changed = Make.message(id, in: peer, text(Int(id) + 1), editDate: 1_900_001_000)
        try await fixture.receive([Make.edit(changed)])
      }
    }
    var filters = [SearchFilter(), SearchFilter(), SearchFilter(), SearchFilter()]
    filters[1].limit = 1_000
    filters[2].chats = [try #require(PeerID.user(1003))]
    filters[3].since = 1_900_000_030
    filters[3].until = 1_900_000_060
    for query in words + ["even third", "even -third", "se*"] {
      let query = try #require(SearchQuery(query))
      for filter in filters {
        let found = try await fixture.archive.search(query, filter, plan: .byMatch)
        #expect(try await fixture.archive.search(query, filter, plan: .byDate) == found)
        #expect(try await fixture.archive.search(query, filter, plan: .byDateOneByOne) == found)
        #expect(try await fixture.archive.search(query, filter) == found)
      }
    }
    let plans = try await fixture.archive.read { db in
      try words.map { try SearchTable.plan(try #require(SearchQuery($0)), SearchFilter(), db) }
    }
    #expect(plans == [.byDate, .byDate, .byDate, .byDate, .byMatch])
  }

  @Test(arguments: [
    (10_000_000, 2_000, SearchTable.Plan.byMatch), (10_000_000, 200_000, .byDate),
    (10_000_000, 1_600_000, .byDateOneByOne), (100_000, 200, .byMatch), (100_000, 5_000, .byDate),
    (100_000, 90_000, .byDateOneByOne), (0, 0, .byMatch),
  ])
  func whereASearchBeginsDependsOnHowMuchMatches(entries: Int, matches: Int, plan: SearchTable.Plan) {
    #expect(SearchTable.plan(entries: entries, SearchFilter()) { matches > $0 } == plan)
    // Of one chat's messages those that match may all be old ones: no question is asked for each.
    var filter = SearchFilter()
    filter.chats = [ArchiveFixture.bob]
    #expect(SearchTable.plan(entries: entries, filter) { matches > $0 } != .byDateOneByOne)
  }

  @Test func messagesOfBeforeTheIndexAreTakenInWhileOthersComeAndGo() async throws {
    for id in 1...40 { try await say(Int32(id), "early \(id)") }
    try await fixture.receive([Make.edit(Make.message(7, in: Make.user(1002), "changed", editDate: 1_900_000_100))])
    // As an older version of this program has left it.
    try await fixture.archive.write { db in
      try db.execute(sql: "INSERT INTO search (search) VALUES ('delete-all'); DELETE FROM search_entry")
      try db.execute(sql: "INSERT INTO search_backlog (one, chat_id, id) SELECT 1, min(chat_id), -1 FROM message")
    }
    #expect(try await !fixture.archive.isSearchIndexComplete())
    _ = try await fixture.archive.indexBacklog(TransactionLimit(rows: 10, time: .seconds(60)))
    try await fixture.receive([
      Make.edit(Make.message(5, in: Make.user(1002), "later five", editDate: 1_900_000_100)),
      Make.edit(Make.message(30, in: Make.user(1002), "later thirty", editDate: 1_900_000_100)),
    ])
    try await fixture.archive.write { db in try db.execute(sql: "DELETE FROM message WHERE id IN (6, 35)") }
    try await say(41, "early and late")
    // Said again, before their turn and after it.
    for id in Int32(3)...40 where id != 6 && id != 35 { try await say(id, "early \(id)") }
    try await say(38, "never")
    try await SearchBacklog(archive: fixture.archive, logger: Logger(label: "test")).run()
    #expect(try await fixture.archive.isSearchIndexComplete())
    try await checkIndex(["early", "later", "changed", "never"])
    #expect(try await search("early").count == 39)
    #expect(try await search("later").count == 2)
  }

  @Test func whatIsTypedIsNeverAnErrorOfSQL() async throws {
    try await say(1, "some text")
    var generator = SeededGenerator.run(6)
    let pieces = [
      "\"", "*", "(", ")", "-", "NEAR(", "AND", "OR", "NOT", ":", "^", "text", "中", "{", "+", "'", "\\", " ", "🙂",
      "\u{0}", ";",
    ]
    for _ in 0..<500 {
      let text = (0..<Int.random(in: 1...8, using: &generator)).map { _ in
        pieces.randomElement(using: &generator).require
      }.joined()
      if let query = SearchQuery(text) { _ = try await fixture.archive.search(query, SearchFilter()) }
    }
  }
}
