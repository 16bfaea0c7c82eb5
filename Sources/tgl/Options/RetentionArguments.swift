public import ArgumentParser
public import TGLCore

extension RetentionType: ExpressibleByArgument {}
extension RetentionPart: ExpressibleByArgument {}
