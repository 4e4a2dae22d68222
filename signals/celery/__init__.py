"""The queues on the broker and the workers that consume them.

`model.Queues`, `model.Fleet` · `queues.RedisQueues` · `fleet.CeleryFleet`, which fills `workers.Workers` ·
`worker_state.infer_worker_state`.
"""
