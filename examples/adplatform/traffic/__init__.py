"""ad-traffic: people who use the platform all day long, over HTTP like anyone else."""
