package load

// RoundOrder is a permutation of 0 to n-1, so that drift of the machine meets all alike, and no
// model always follows the same one: over n-1 rounds, with n a prime, none does so twice. The seed
// says where it begins.
func RoundOrder(seed uint64, round, n int) []int {
	is := make([]int, n)
	if n < 2 {
		return is
	}
	stride := int((seed+uint64(round))%uint64(n-1)) + 1
	for gcd(stride, n) != 1 { // else some would never come
		stride++
	}
	for i := range is {
		is[i] = i * stride % n
	}
	return is
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
