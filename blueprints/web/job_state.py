"""How far a job is, as the page's script asks for it."""

from flask import Response, jsonify

from prevent_trust.jobs.models import JobRun, JobState

STATE_WORDS = {
    JobState.QUEUED: "Waiting to start",
    JobState.RUNNING: "Running",
    JobState.DONE: "Finished",
    JobState.FAILED: "Stopped",
}


def job_state_json(run: JobRun) -> Response:
    """JSON with state, state_text, done, total, message, finished and next_url."""
    return jsonify(
        state=run.state.value,
        state_text=STATE_WORDS[run.state],
        done=run.done,
        total=run.total,
        message=run.message,
        finished=run.is_finished,
        next_url=None,
    )
