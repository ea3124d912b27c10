package accesslog

// nearestKey returns the template key with the smallest edit distance to s.
func nearestKey(s string) string {
	best, least := "", int(^uint(0)>>1)
	for i := range values {
		if d := distance(s, values[i].key); d < least {
			best, least = values[i].key, d
		}
	}
	return best
}

// distance is the Levenshtein distance between the bytes of a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
