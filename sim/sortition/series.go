package sortition

import "math"

const (
	// batch is how many epochs make one value of a mean. Under rotation an epoch resembles the one before for n / ⌊n/6⌋ epochs or so; a hundred forget it.
	batch = 100
	// deviations is how many standard errors a bound allows for noise: five are passed once in three million figures.
	deviations = 5
)

// series collects one figure per epoch, in batches, so that the error of its mean is right although epochs resemble their neighbours.
type series struct {
	batches []float64
	sum     float64
	count   int
}

func (s *series) add(value float64) {
	s.sum += value
	if s.count++; s.count == batch {
		s.batches, s.sum, s.count = append(s.batches, s.sum/batch), 0, 0
	}
}

// mean of all full batches.
func (s *series) mean() float64 {
	var sum float64
	for _, b := range s.batches {
		sum += b
	}
	return sum / float64(len(s.batches))
}

// noise is how far the mean of so many epochs can be off by chance.
func (s *series) noise() float64 {
	mean, n := s.mean(), float64(len(s.batches))
	var squares float64
	for _, b := range s.batches {
		squares += (b - mean) * (b - mean)
	}
	return deviations * math.Sqrt(squares/(n-1)/n)
}
