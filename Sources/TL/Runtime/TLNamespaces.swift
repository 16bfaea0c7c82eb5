/// Typed constructors and functions of Telegram's API schema.
public enum API {}

/// Typed constructors and functions of MTProto's own schema.
public enum MT {}
