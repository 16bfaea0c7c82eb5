import Foundation
import NIOCore
import TL

/// Why the pickled medium of a message was not kept.
enum LegacyMediaError: Error, CustomStringConvertible {
  /// It would have run something.
  case refused(PickleError)
  case unreadable(PickleError)
  case untranslatable(String)

  var description: String {
    switch self {
    case .refused(let error): "refused, nothing of it was run: \(error)"
    case .unreadable(let error): "no readable pickle: \(error)"
    case .untranslatable(let reason): reason
    }
  }
}

/// A `MessageMedia` of Telethon's, pickled.
enum LegacyMedia {
  /// - Returns: nil when the pickle holds no medium.
  /// - Throws: `LegacyMediaError`.
  static func media(pickle bytes: [UInt8]) throws(LegacyMediaError) -> API.AnyMessageMedia? {
    let value: PickleValue
    do throws(PickleError) {
      value = try PickleReader.read(bytes)
    } catch {
      if case .refused = error { throw .refused(error) }
      throw .unreadable(error)
    }
    let object: PickleObject
    switch value {
    case .none: return nil
    case .object(let value): object = value
    default: throw .untranslatable("the pickle holds no medium")
    }
    do throws(TelethonError) {
      return try decode(TLValue(telethon: object))
    } catch {
      throw .untranslatable("\(error)")
    }
  }

  private static func decode(_ value: TLValue) throws(TelethonError) -> API.AnyMessageMedia {
    do throws(TLError) {
      return try API.AnyMessageMedia(decoding: TLSchema.api.encoded(value, type: "MessageMedia"))
    } catch {
      switch error {
      case .unknownName(let name): throw .unknownType(name)
      default: throw .unsuitable("the medium", reason: "\(error)")
      }
    }
  }
}
