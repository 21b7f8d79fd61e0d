// Package superoffice reads the chats of SuperOffice Service through the WebAPI, in
// the words of package conversation. The facts come from the vendor's documentation;
// the titles of its pages stand with the code that relies on them. What the vendor
// leaves open is said where it matters.
package superoffice
