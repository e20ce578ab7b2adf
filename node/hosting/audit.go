package hosting

import "context"

func (h *Host) audit(ctx context.Context) { <-ctx.Done() }
