"""Step Functions: the check of a definition that the provider makes before it creates a state machine."""

import json

from .own_services import OwnService, answer, own

STATE_TYPES = {"Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"}


def faults(states, where):
    """What is wrong with a set of states: the few things that no machine runs with."""
    found = []
    named = states.get("States") or {}
    if states.get("StartAt") not in named:
        found.append(("MISSING_TRANSITION_TARGET", f"{where}/StartAt"))
    for name, state in named.items():
        at = f"{where}/States/{name}"
        if state.get("Type") not in STATE_TYPES:
            found.append(("SCHEMA_VALIDATION_FAILED", f"{at}/Type"))
        targets = [state.get("Next"), state.get("Default"), *(one.get("Next") for one in [*state.get("Choices", []), *state.get("Catch", [])])]
        found += [("MISSING_TRANSITION_TARGET", at) for target in targets if target is not None and target not in named]
        inner = [*state.get("Branches", []), state.get("ItemProcessor") or state.get("Iterator")]
        for part in inner:
            if part:
                found += faults(part, at)
    return found


@own("states")
class StepFunctions(OwnService):
    NAME = "stepfunctions"

    def validate_state_machine_definition(self):
        try:
            found = faults(json.loads(self.given["definition"]), "")
        except ValueError:
            found = [("INVALID_JSON_DESCRIPTION", "/")]
        shown = [{"severity": "ERROR", "code": code, "message": f"{code} at {at}", "location": at} for code, at in found]
        return answer(result="FAIL" if shown else "OK", diagnostics=shown, truncated=False)

    def list_state_machine_versions(self):
        # A machine that is not published has none; nothing here publishes one.
        return answer(stateMachineVersions=[])
