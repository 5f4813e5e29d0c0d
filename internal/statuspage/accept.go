package statuspage

import (
	"mime"
	"strconv"
	"strings"
)

// choose returns which of the media types offered a header Accept prefers (RFC 9110, section
// 12.5.1), the first one among equals. An offer that the header does not list is chosen if the
// header allows none of the others, because an error would help nobody; false means that it refuses
// all.
func choose(accept []string, offers ...string) (best string, ok bool) {
	ranges := parseAccept(accept)
	bestWeight := 0
	for _, offer := range offers {
		if weight := weigh(ranges, offer); weight > bestWeight {
			best, bestWeight = offer, weight
		}
	}
	return best, best != ""
}

// unlisted is the weight of a media type that a header Accept does not list: less than that of any
// accepted one.
const unlisted = 1

// A mediaRange is a range of a header Accept, such as text/*, and its weight: 0 (refused), or 2 and
// more.
type mediaRange struct {
	mediaType string
	weight    int
}

// weigh returns the weight of a media type: that of the most specific range that includes it.
func weigh(ranges []mediaRange, mediaType string) int {
	kind, _, _ := strings.Cut(mediaType, "/")
	for _, pattern := range []string{mediaType, kind + "/*", "*/*"} {
		weight, listed := 0, false
		for _, r := range ranges {
			if r.mediaType == pattern {
				weight, listed = max(weight, r.weight), true
			}
		}
		if listed {
			return weight
		}
	}
	return unlisted
}

// parseAccept reads a header Accept, and ignores ranges that are not well formed.
func parseAccept(lines []string) (all []mediaRange) {
	for _, element := range splitList(strings.Join(lines, ",")) {
		mediaType, parameters, err := mime.ParseMediaType(element)
		if err != nil {
			continue
		}
		weight, ok := parseWeight(parameters["q"])
		if ok {
			all = append(all, mediaRange{mediaType, weight})
		}
	}
	return all
}

// splitList splits a header's value at the commas that are not quoted.
func splitList(value string) (elements []string) {
	quoted, begin := false, 0
	for i := 0; i < len(value); i++ {
		switch {
		case value[i] == '"':
			quoted = !quoted
		case quoted && value[i] == '\\':
			i++
		case !quoted && value[i] == ',':
			elements, begin = append(elements, value[begin:i]), i+1
		}
	}
	return append(elements, value[begin:])
}

// parseWeight reads a qvalue (RFC 9110, section 12.4.2); "" is 1.
func parseWeight(q string) (weight int, ok bool) {
	whole, decimals, _ := strings.Cut(q, ".")
	if q == "" {
		whole = "1"
	}
	if whole != "0" && whole != "1" || len(decimals) > 3 || strings.Trim(decimals, "0123456789") != "" {
		return 0, false
	}
	thousandths, _ := strconv.Atoi(whole + (decimals + "000")[:3])
	if thousandths > 1000 {
		return 0, false
	}
	if thousandths == 0 {
		return 0, true
	}
	return unlisted + thousandths, true
}
