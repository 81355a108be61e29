"""EC2 Image Builder: components, recipes, configurations and pipelines are kept; no image is ever built."""

from moto.core.utils import iso_8601_datetime_with_milliseconds, utcnow

from .fault import Fault
from .own_services import OwnService, TaggedByArn, answer, own


def slug(name):
    return name.lower().replace(" ", "-").replace("_", "-")


@own("imagebuilder")
class ImageBuilder(TaggedByArn, OwnService):
    NAME = "imagebuilder"

    def keep(self, kind, given, resource, **more):
        """Keeps what was given under the ARN of its name; a second one of that name is refused."""
        arn = self.arn(f"{resource}/{slug(given['name'])}{more.pop('suffix', '')}")
        if arn in self.records(kind):
            raise Fault("ResourceAlreadyExistsException", f"There is a {resource} {given['name']} already.")
        given.pop("clientToken", None)
        now = iso_8601_datetime_with_milliseconds(utcnow())
        self.records(kind)[arn] = {"arn": arn, "dateCreated": now, "tags": {}, **given, **more}
        return arn

    def change(self, kind, field):
        given = self.given
        given.pop("clientToken", None)
        record = self.find(kind, given.pop(field))
        for name in set(record) - {"arn", "name", "dateCreated", "tags", *given}:
            del record[name]
        record.update(given, dateUpdated=iso_8601_datetime_with_milliseconds(utcnow()))
        return answer(**{field: record["arn"]})

    def drop(self, kind, field):
        arn = self.given[field]
        self.find(kind, arn)
        del self.records(kind)[arn]
        return answer(**{field: arn})

    def versioned(self, kind, resource, suffix="", **more):
        given = self.given
        version = given.pop("semanticVersion")
        more.update(version=version, owner=self.current_account)
        return self.keep(kind, given, resource, suffix=f"/{version}{suffix}", **more)

    def create_component(self):
        arn = self.versioned("component", "component", "/1", encrypted=True, type="BUILD")
        return answer(componentBuildVersionArn=arn)

    def get_component(self):
        return answer(component=self.find("component", self.given["componentBuildVersionArn"]))

    def delete_component(self):
        return self.drop("component", "componentBuildVersionArn")

    def create_image_recipe(self):
        return answer(imageRecipeArn=self.versioned("recipe", "image-recipe", platform="Linux"))

    def get_image_recipe(self):
        return answer(imageRecipe=self.find("recipe", self.given["imageRecipeArn"]))

    def delete_image_recipe(self):
        return self.drop("recipe", "imageRecipeArn")

    def create_infrastructure_configuration(self):
        arn = self.keep("infrastructure", self.given, "infrastructure-configuration")
        return answer(infrastructureConfigurationArn=arn)

    def get_infrastructure_configuration(self):
        found = self.find("infrastructure", self.given["infrastructureConfigurationArn"])
        return answer(infrastructureConfiguration=found)

    def update_infrastructure_configuration(self):
        return self.change("infrastructure", "infrastructureConfigurationArn")

    def delete_infrastructure_configuration(self):
        return self.drop("infrastructure", "infrastructureConfigurationArn")

    def create_distribution_configuration(self):
        arn = self.keep("distribution", self.given, "distribution-configuration")
        return answer(distributionConfigurationArn=arn)

    def get_distribution_configuration(self):
        found = self.find("distribution", self.given["distributionConfigurationArn"])
        return answer(distributionConfiguration=found)

    def update_distribution_configuration(self):
        return self.change("distribution", "distributionConfigurationArn")

    def delete_distribution_configuration(self):
        return self.drop("distribution", "distributionConfigurationArn")

    def create_image_pipeline(self):
        return answer(imagePipelineArn=self.keep("pipeline", self.given, "image-pipeline", platform="Linux"))

    def get_image_pipeline(self):
        return answer(imagePipeline=self.find("pipeline", self.given["imagePipelineArn"]))

    def update_image_pipeline(self):
        return self.change("pipeline", "imagePipelineArn")

    def delete_image_pipeline(self):
        return self.drop("pipeline", "imagePipelineArn")

    def tagged(self):
        arn = self.given["resourceArn"]
        kinds = ("component", "recipe", "infrastructure", "distribution", "pipeline")
        for kind in kinds:
            if arn in self.records(kind):
                return self.records(kind)[arn]["tags"]
        raise Fault("ResourceNotFoundException", f"There is no {arn}.")
