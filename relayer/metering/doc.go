// Package metering is a provider's side of paid sessions: what was offered, used, ticked and vouchered, whether to serve
// on, and the books behind the claims. Session is the pure rule; Sessions adds disk, chain and clock to it.
package metering
