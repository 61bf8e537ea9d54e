"""Many profiles in one request, described. Contract 11.1."""

from console.service.http.description.operation import Answer, Operation, Operations
from console.service.http.description.types import Accepted, Moment, OperationId, Url
from console.service.memory.api import bulk


class AcceptedProfiles(Accepted, frozen=True, kw_only=True):
    operation_id: OperationId
    created_at: Moment
    status_url: Url


OPERATIONS: Operations = {
    bulk.put_profiles: Operation({202: Answer(AcceptedProfiles)}, body=bulk.PutProfiles)
}
