package lattice

// Arrival of coins from another shard, as a receipt brings them (protocol/receipt).
type Arrival struct {
	From, To Address
	Amount   Balance
	// Memo of the transaction; none of a return.
	Memo string
	// Transaction that sent them.
	Transaction Hash
	// Return: To could not be credited, and From gets its coins back.
	Return bool
	// Main: From is an account of the main chain, whatever shard has the one of the same name.
	Main bool
	// Debit: the coins are where they were sent to, by a batch that this ledger does not have any more; From pays what it holds of them. No receipt says so.
	Debit bool
}

// Beneficiary is who gets the coins, or pays them.
func (a *Arrival) Beneficiary() Address {
	if a.Return || a.Debit {
		return a.From
	}
	return a.To
}

// transfer that a credit reads.
func (a *Arrival) transfer() Transfer {
	return Transfer{From: a.From, To: a.To, Amount: a.Amount, Hash: a.Transaction}
}
