import TL

/// What a message's media says of itself, as far as exports tell it.
struct MediaDetails {
  struct Contact {
    var firstName: String
    var lastName: String
    var phone: String
  }

  struct Poll {
    var question: String
    var isClosed: Bool
    var voters: Int?
    var answers: [(text: String, voters: Int?, isChosen: Bool)]
  }

  var kind: MediaKind
  var fileName: String?
  var mimeType: String?
  /// In bytes.
  var size: Int64?
  var width: Int?
  var height: Int?
  /// In seconds.
  var duration: Double?
  var performer: String?
  var title: String?
  /// Of a sticker or a die.
  var emoji: String?
  var contact: Contact?
  var latitude: Double?
  var longitude: Double?
  var address: String?
  /// Of a web page.
  var url: String?
  var description: String?
  var poll: Poll?

  /// Only the kind for media of another layer, or that has expired.
  init(_ record: MediaRecord) {
    kind = record.kind
    guard let media = record.value else { return }
    read(media)
    if let main = MediaFile.files(of: media).first {
      size = main.size > 0 ? main.size : nil
      mimeType = main.mimeType.isEmpty ? nil : main.mimeType
      read(main)
    }
  }

  private mutating func read(_ file: MediaFile) {
    switch file.source {
    case .photo(let photo):
      guard let largest = photo.largestSize else { return }
      (width, height) = (Int(largest.width), Int(largest.height))
    case .document(let document):
      for attribute in document.attributes { read(attribute) }
    }
  }

  private mutating func read(_ attribute: API.AnyDocumentAttribute) {
    switch attribute {
    case .documentAttributeFilename(let name): fileName = name.fileName
    case .documentAttributeImageSize(let size): (width, height) = (Int(size.w), Int(size.h))
    case .documentAttributeVideo(let video):
      (width, height, duration) = (Int(video.w), Int(video.h), video.duration)
    case .documentAttributeAudio(let audio):
      (duration, performer, title) = (Double(audio.duration), audio.performer, audio.title)
    case .documentAttributeSticker(let sticker): emoji = sticker.alt
    default: break
    }
  }

  private mutating func read(_ point: API.AnyGeoPoint) {
    guard case .geoPoint(let point) = point else { return }
    (latitude, longitude) = (point.lat, point.long)
  }

  private mutating func read(_ media: API.AnyMessageMedia) {
    switch media {
    case .messageMediaContact(let contact):
      self.contact = Contact(firstName: contact.firstName, lastName: contact.lastName, phone: contact.phoneNumber)
    case .messageMediaGeo(let media): read(media.geo)
    case .messageMediaGeoLive(let media): read(media.geo)
    case .messageMediaVenue(let venue):
      read(venue.geo)
      (title, address) = (venue.title, venue.address)
    case .messageMediaWebPage(let media):
      guard case .webPage(let page) = media.webpage else { return }
      (url, title, description) = (page.url, page.title, page.description)
    case .messageMediaPoll(let media): poll = Poll(media)
    case .messageMediaGame(let media): (title, description) = (media.game.title, media.game.description)
    case .messageMediaInvoice(let media): (title, description) = (media.title, media.description)
    case .messageMediaDice(let dice):
      (emoji, title) = (dice.emoticon, "\(dice.value)")
    default: break
    }
  }
}

extension MediaDetails.Poll {
  init(_ media: API.MessageMediaPoll) {
    question = media.poll.question.text
    isClosed = media.poll.closed
    voters = media.results.totalVoters.map(Int.init)
    answers = media.poll.answers.compactMap { answer in
      guard case .pollAnswer(let answer) = answer else { return nil }
      let result = media.results.results?.first { $0.option == answer.option }
      return (answer.text.text, result?.votersCount, result?.chosen ?? false)
    }
  }
}

extension API.PollAnswerVoters {
  fileprivate var votersCount: Int? { voters.map(Int.init) }
}
