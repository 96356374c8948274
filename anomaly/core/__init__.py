"""What every detector uses: its description, marts, thresholds, scores, texts and alert rows.

Belongs here: the description of a detector and how it is found and run (`detector`, `discovery`, `run`),
reading of marts (`marts`), policy (`policy`), the scale of scores (`scoring`), texts and kinds (`texts`,
`kinds`), rows of candidates, alerts and evidence (`candidates`, `alerts`), helpers that several families
share. Does not belong here: anything about one kind (`anomaly.detectors`), figures about detectors
(`anomaly.evaluation`).
"""
