import TL

/// `langpack.*`: there are no translations here.
extension Dispatcher {
  mutating func registerLangPack() {
    on(API.LangpackGetLangPack.self, access: .anyone) { _, _, request in
      API.LangPackDifference(langCode: request.langCode, fromVersion: 0, version: 1, strings: [])
    }
    on(API.LangpackGetDifference.self, access: .anyone) { _, _, request in
      API.LangPackDifference(langCode: request.langCode, fromVersion: request.fromVersion, version: 1, strings: [])
    }
    on(API.LangpackGetLanguages.self, access: .anyone) { _, _, _ in [] }
  }
}
