"""IAM Access Analyzer: analyzers and their tags."""

from moto.core.utils import utcnow

from .own_services import OwnService, TaggedByArn, answer, own


@own("access-analyzer")
class AccessAnalyzer(TaggedByArn, OwnService):
    NAME = "accessanalyzer"

    def create_analyzer(self):
        given = self.given
        name = given["analyzerName"]
        arn = f"arn:aws:access-analyzer:{self.region}:{self.current_account}:analyzer/{name}"
        record = {
            "arn": arn,
            "name": name,
            "type": given.get("type") or "ACCOUNT",
            "createdAt": utcnow(),
            "status": "ACTIVE",
            "tags": dict(given.get("tags") or {}),
        }
        if given.get("configuration"):
            record["configuration"] = given["configuration"]
        self.records("analyzer")[name] = record
        return answer(arn=arn)

    def get_analyzer(self):
        return answer(analyzer=self.find("analyzer", self.given["analyzerName"]))

    def list_analyzers(self):
        return answer(analyzers=list(self.records("analyzer").values()))

    def delete_analyzer(self):
        self.find("analyzer", self.given["analyzerName"])
        del self.records("analyzer")[self.given["analyzerName"]]
        return answer()

    def tagged(self):
        return self.find("analyzer", self.given["resourceArn"].split("/")[-1])["tags"]
