extension TLSchema {
  /// A field of a constructor or function, for code that builds values by names.
  public struct FieldDescription: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
      case int, long, double, string, bytes, bool, vector
      /// A flag without a value, which is there or not.
      case presence
      /// `int128`, `int256`, and boxed or bare values of the type.
      case other
    }

    /// As the schema writes it, in snake case.
    public var name: String
    public var kind: Kind
    /// The boxed type of the value, or of a vector's elements; nil for the others.
    public var boxedType: String?
    /// Whether it may be absent.
    public var isOptional: Bool
  }

  /// The fields of a constructor or function by the schema's name, without its `flags`; nil when there is none of that
  /// name.
  public func fields(of name: String) -> [FieldDescription]? {
    guard let combinator = combinator(named: name) else { return nil }
    return combinator.fields.compactMap { index in
      let field = fields[index]
      let kind: FieldDescription.Kind
      switch field.type {
      case .flags: return nil
      case .int: kind = .int
      case .long: kind = .long
      case .double: kind = .double
      case .string: kind = .string
      case .bytes: kind = .bytes
      case .bool: kind = .bool
      case .vector: kind = .vector
      case .presence: kind = .presence
      case .int128, .int256, .any, .boxed, .bare: kind = .other
      }
      let isOptional = field.flagsIndex >= 0 || kind == .presence
      return FieldDescription(
        name: fieldNames[Int(field.name)], kind: kind, boxedType: boxedType(of: field.type), isOptional: isOptional)
    }
  }

  /// The boxed type of a constructor, or of a function's answer, by the schema's name; nil when there is none of that
  /// name.
  package func resultType(of name: String) -> String? { combinator(named: name).map { typeNames[Int($0.result)] } }

  private func boxedType(of type: FieldType) -> String? {
    switch type {
    case .boxed(let index): typeNames[Int(index)]
    case .vector(let element, _): boxedType(of: elementTypes[Int(element)])
    default: nil
    }
  }
}
