// std.findSubstr compares character by character in jsonnet itself, where an implementation has no other way: with the
// texts of all alerts that is half a minute in Go's. std.split is built in.
{
  // How often the part stands in the text.
  count(text, part):: std.length(std.split(text, part)) - 1,
  contains(text, part):: $.count(text, part) > 0,
}
