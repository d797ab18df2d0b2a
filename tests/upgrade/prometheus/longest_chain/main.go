// Does nothing. Go compiles in the order of what it is asked for: asked for this program first, it begins with the
// longest chain of packages that wait for one another. Begun last, that chain leaves the other cores idle for half a minute.
package main

import _ "github.com/pb33f/libopenapi/datamodel/high/v3"

func main() {}
