// node election.mjs REST EPOCH: makes the main chain's election for an epoch again from what its REST server publishes, and prints it as JSON.
import { asking, recompute } from './published.mjs'

const [rest, epoch] = process.argv.slice(2)
const { candidates, absent, members } = await recompute(asking(rest), epoch)
console.log(JSON.stringify({ epoch, candidates, absent, members }))
