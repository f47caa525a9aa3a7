// The text of a patch file, however an editor, a shell or a mailer wrote it.
#pragma once

#include <string>
#include <string_view>

namespace exitaudit::grade {

// As UTF-8 with \n at the end of lines: without a byte order mark, from UTF-16 if one says so, and with the
// transfer encodings of mails undone (RFC 2045: quoted-printable, base64). Headers stay.
std::string plain_text(std::string_view bytes);

} // namespace exitaudit::grade
